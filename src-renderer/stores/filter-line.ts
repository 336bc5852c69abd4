/** The timeline's filter as people type it: `node:n3 type:RequestVote term:5 fate:lost some text`. Pure. */
import { EVENT_KINDS } from '../../src-main/api/index.ts';
import type { MessageFate, NodeId, TimelineFilter } from '../../src-main/api/index.ts';

export type ParsedFilter = { filter: TimelineFilter; error: null } | { filter: null; error: string };

/** What a run knows that a filter may name. */
export interface Known {
  nodes: readonly NodeId[];
  /** Only Raft's types of messages are all known; in traces of anything else each may be asked for. */
  protocol: string;
}

const MESSAGE_TYPES = [
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'AppendEntries',
  'AppendEntriesReply',
  'InstallSnapshot',
  'InstallSnapshotReply',
  'TimeoutNow',
  'ReadIndex',
  'ReadIndexReply',
] as const;
const FATES: readonly MessageFate[] = ['delivered', 'arrived', 'dropped', 'lost', 'under-way'];
const KEYS = ['node', 'type', 'term', 'fate'] as const;
type Key = (typeof KEYS)[number];
const TERMS_MAX = 100;
const TEXT_MAX = 200;

interface Word {
  text: string;
  /** Where it begins in the line, and the place behind its end. */
  from: number;
  to: number;
  quoted: boolean;
}

/** Words that name no key are the text to be found, in their order. */
export function parseFilter(line: string, known: Known): ParsedFilter {
  const words = wordsOf(line);
  if (words === null) return refuse('A quotation mark is not closed.');
  const filter: TimelineFilter = {};
  const text: string[] = [];
  for (const word of words) {
    const [, key, values] = (!word.quoted && /^([a-z]+):(.*)$/i.exec(word.text)) || [];
    if (key === undefined) {
      text.push(word.text);
      continue;
    }
    const error = take(filter, key.toLowerCase(), (values ?? '').split(','), known);
    if (error !== null) return refuse(error);
  }
  const wanted = text.join(' ').trim();
  if (wanted.length > TEXT_MAX) return refuse(`A text to be found may be ${TEXT_MAX} characters long.`);
  return { filter: wanted === '' ? filter : { ...filter, text: wanted }, error: null };
}

function refuse(error: string): ParsedFilter {
  return { filter: null, error };
}

/** Adds a key's values to the filter; returns why it cannot. */
function take(filter: TimelineFilter, key: string, values: readonly string[], known: Known): string | null {
  if (!isKey(key))
    return `“${key}:” is nothing to filter by; there are ${KEYS.map((name) => `${name}:`).join(', ')} and plain text.`;
  for (const value of values) {
    if (value === '') return `“${key}:” wants a value: ${EXAMPLES[key]}.`;
    const error = takeOne(filter, key, value, known);
    if (error !== null) return error;
  }
  return null;
}

const EXAMPLES: Record<Key, string> = {
  node: 'node:n3, or several: node:n1,n3',
  type: 'type:RequestVote or type:commit',
  term: 'term:5, term:2,5 or term:2-5',
  fate: 'fate:lost or fate:dropped',
};

function takeOne(filter: TimelineFilter, key: Key, value: string, known: Known): string | null {
  switch (key) {
    case 'node': {
      const node = known.nodes.find((name) => name.toLowerCase() === value.toLowerCase());
      if (node === undefined)
        return `There is no node ${value} in this run; it has ${known.nodes.join(', ')}.`;
      filter.nodes = [...(filter.nodes ?? []), node];
      return null;
    }
    case 'type': {
      const type = typeNamed(value) ?? (known.protocol === 'raft' ? undefined : value);
      if (type === undefined) return unknownType(value);
      filter.types = [...(filter.types ?? []), type];
      return null;
    }
    case 'term': {
      const terms = termsOf(value);
      if (terms === null) return `“${value}” is no term; write ${EXAMPLES.term}.`;
      filter.terms = [...(filter.terms ?? []), ...terms].slice(0, TERMS_MAX);
      return null;
    }
    case 'fate': {
      const fate = FATES.find((name) => name === value.toLowerCase());
      if (fate === undefined) return `No message ends as “${value}”; they end as ${FATES.join(', ')}.`;
      filter.fates = [...(filter.fates ?? []), fate];
      return null;
    }
  }
}

function typeNamed(value: string): string | undefined {
  return ALL_TYPES.find((type) => type.toLowerCase() === value.toLowerCase());
}

const ALL_TYPES: readonly string[] = [...MESSAGE_TYPES, ...EVENT_KINDS];

function unknownType(value: string): string {
  const near = ALL_TYPES.filter((type) => type.toLowerCase().includes(value.toLowerCase())).slice(0, 4);
  const hint = near.length > 0 ? `Did you mean ${near.join(', ')}?` : `Try ${EXAMPLES.type}.`;
  return `“${value}” is no type of message and no kind of event. ${hint}`;
}

function termsOf(value: string): number[] | null {
  const [, first, last] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(value) ?? [];
  if (first === undefined) return null;
  const from = Number(first);
  const to = last === undefined ? from : Number(last);
  if (to < from || to - from >= TERMS_MAX) return null;
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function isKey(text: string): text is Key {
  return (KEYS as readonly string[]).includes(text);
}

/** Null where a quotation mark is not closed. A quoted word is text, whatever stands in it. */
function wordsOf(line: string): Word[] | null {
  const words: Word[] = [];
  const pattern = /"([^"]*)("?)|[^\s"]+/g;
  for (const match of line.matchAll(pattern)) {
    const [whole, inside, closing] = match;
    if (inside !== undefined && closing === '') return null;
    words.push({
      text: inside ?? whole,
      from: match.index,
      to: match.index + whole.length,
      quoted: inside !== undefined,
    });
  }
  return words;
}

export interface Completion {
  /** What is offered: `type:RequestVote`. */
  text: string;
  /** What it means, where its name does not say it. */
  hint: string;
  /** The whole line with it put in, and where the caret stands then. */
  line: string;
  caret: number;
}

const KEY_HINTS: Record<Key, string> = {
  node: 'sender, receiver or recorder',
  type: 'type of message or kind of event',
  term: 'a term, several, or a range',
  fate: 'how a message ended',
};
const COMPLETIONS_MAX = 8;

/** What may stand where the caret is. */
export function completionsAt(line: string, caret: number, known: Known): Completion[] {
  const words = wordsOf(line) ?? [];
  const word = words.find(({ from, to, quoted }) => !quoted && from <= caret && caret <= to);
  const typed = word === undefined ? '' : line.slice(word.from, caret);
  const [, key, values] = /^([a-z]+):(.*)$/i.exec(typed) ?? [];
  const put = (text: string, hint: string, open: boolean): Completion => {
    const from = word?.from ?? caret;
    const to = word?.to ?? caret;
    const rest = line.slice(to);
    const space = open || rest.startsWith(' ') ? '' : ' ';
    return {
      text,
      hint,
      line: line.slice(0, from) + text + space + rest,
      caret: from + text.length + (open ? 0 : 1),
    };
  };
  if (key === undefined) {
    return KEYS.filter((name) => name.startsWith(typed.toLowerCase())).map((name) =>
      put(`${name}:`, KEY_HINTS[name], true),
    );
  }
  const name = key.toLowerCase();
  if (!isKey(name)) return [];
  const before = (values ?? '').split(',').slice(0, -1);
  const begun = ((values ?? '').split(',').at(-1) ?? '').toLowerCase();
  return valuesOf(name, known)
    .filter((value) => !before.includes(value) && value.toLowerCase() !== begun)
    .filter((value) => value.toLowerCase().includes(begun))
    .sort((a, b) => Number(b.toLowerCase().startsWith(begun)) - Number(a.toLowerCase().startsWith(begun)))
    .slice(0, COMPLETIONS_MAX)
    .map((value) => put(`${name}:${[...before, value].join(',')}`, '', false));
}

function valuesOf(key: Key, known: Known): readonly string[] {
  if (key === 'node') return known.nodes;
  if (key === 'type') return ALL_TYPES;
  return key === 'fate' ? FATES : [];
}
