import type { Command, NodeId, ReadHow } from '../../src-main/api/index.ts';

export type ConsoleCommand = Extract<Command, { kind: 'put' | 'get' | 'delete' | 'cas' }>;

export type ParsedLine =
  | { kind: 'command'; command: ConsoleCommand }
  | { kind: 'help' }
  | { kind: 'clear' }
  | { kind: 'error'; text: string };

export const USAGE = [
  'put KEY VALUE',
  'get KEY [--log | --read-index | --lease | --stale [NODE]]',
  'delete KEY',
  'cas KEY EXPECTED VALUE',
  'clear',
] as const;

/** A line of the key-value console. Words in double quotes may hold spaces. `nodes` are those that a stale read may name. */
export function parseLine(line: string, nodes: readonly NodeId[]): ParsedLine {
  const words = splitWords(line);
  if (words === null) return { kind: 'error', text: 'A quotation mark is not closed.' };
  const [verb, ...rest] = words;
  switch (verb) {
    case 'help':
      return { kind: 'help' };
    case 'clear':
      return { kind: 'clear' };
    case 'put':
      return parsePut(rest);
    case 'get':
      return parseGet(rest, nodes);
    case 'delete':
    case 'del': {
      const [key] = rest;
      return key !== undefined && rest.length === 1 ? command({ kind: 'delete', key }) : usage('delete KEY');
    }
    case 'cas': {
      const [key, expected, value] = rest;
      return key !== undefined && expected !== undefined && value !== undefined && rest.length === 3
        ? command({ kind: 'cas', key, expected, value })
        : usage('cas KEY EXPECTED VALUE');
    }
    default:
      return {
        kind: 'error',
        text: `“${verb ?? ''}” is not a command. Known: put, get, delete, cas, help, clear.`,
      };
  }
}

/** The value is the rest of the line, so `put greeting hello world` needs no quotes. */
function parsePut(rest: string[]): ParsedLine {
  const [key, ...value] = rest;
  return key !== undefined && value.length > 0
    ? command({ kind: 'put', key, value: value.join(' ') })
    : usage('put KEY VALUE');
}

const READ_FLAGS = ['--log', '--read-index', '--lease', '--stale'];
const GET_FORM = 'get KEY [--log | --read-index | --lease | --stale [NODE]]';

function parseGet(rest: string[], nodes: readonly NodeId[]): ParsedLine {
  const [key, flag, node] = rest;
  if (key === undefined || rest.length > 3 || key.startsWith('--')) return usage(GET_FORM);
  if (flag === undefined) return command({ kind: 'get', key });
  if (!READ_FLAGS.includes(flag))
    return { kind: 'error', text: `“${flag}” is not known; a read may be ${READ_FLAGS.join(', ')}.` };
  const read = flag.slice(2) as ReadHow;
  if (read !== 'stale') return node === undefined ? command({ kind: 'get', key, read }) : usage(GET_FORM);
  if (node === undefined) return command({ kind: 'get', key, stale: true });
  if (!nodes.includes(node)) {
    return { kind: 'error', text: `There is no node ${node}; this cluster has ${nodes.join(', ')}.` };
  }
  return command({ kind: 'get', key, stale: true, node });
}

function command(of: ConsoleCommand): ParsedLine {
  return { kind: 'command', command: of };
}

function usage(form: string): ParsedLine {
  return { kind: 'error', text: `Usage: ${form}` };
}

/** Null where a quotation mark is not closed. */
function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (const character of line.trim()) {
    if (character === '"') {
      quoted = !quoted;
      word ??= '';
    } else if (!quoted && /\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quoted) return null;
  if (word !== null) words.push(word);
  return words;
}
