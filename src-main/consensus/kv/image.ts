/** The image of a store that a snapshot is made of: one line of format and checksum, then JSON. The same state gives the same bytes. */
import type { LogIndex } from '../replica.ts';
import type { Remembered, Session } from './sessions.ts';

export interface Image {
  readonly applied: LogIndex;
  readonly pairs: Iterable<readonly [key: string, value: string]>;
  /** In the order of their last use. */
  readonly sessions: Iterable<Session>;
}

const FORMAT = 'quorum-lab-kv 1';

export function encodeImage({ applied, pairs, sessions }: Image): Uint8Array {
  const sorted = [...pairs].sort(([left], [right]) => (left < right ? -1 : 1));
  const rows = Array.from(sessions, ({ client, usedAt, forgotten, numbers, results }) => [
    client,
    usedAt,
    forgotten,
    numbers,
    results,
  ]);
  const body = JSON.stringify({ applied, pairs: sorted, sessions: rows });
  return new TextEncoder().encode(`${FORMAT} ${checksum(body)}\n${body}`);
}

/** The image that the parts make together, or in one sentence why they make none. */
export function decodeImage(parts: readonly Uint8Array[]): Image | string {
  const text = decodeText(parts);
  const line = text.indexOf('\n');
  const [head, body] = [text.slice(0, line), text.slice(line + 1)];
  if (!head.startsWith(`${FORMAT} `)) return `the image does not begin with "${FORMAT}"`;
  if (head !== `${FORMAT} ${checksum(body)}`) return 'the checksum of the image does not match what it holds';
  const image = readBody(body);
  return image ?? 'the image holds no state of a key-value store';
}

function decodeText(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  let text = '';
  for (const part of parts) text += decoder.decode(part, { stream: true });
  return text + decoder.decode();
}

function readBody(body: string): Image | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { applied, pairs, sessions } = value as { readonly [field: string]: unknown };
  if (!Number.isSafeInteger(applied) || !Array.isArray(pairs) || !Array.isArray(sessions)) return undefined;
  if (!pairs.every(isPair)) return undefined;
  const read = sessions.map(readSession);
  if (!read.every((session) => session !== undefined)) return undefined;
  return { applied: applied as LogIndex, pairs, sessions: read };
}

function isPair(pair: unknown): pair is [string, string] {
  return (
    Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string'
  );
}

function readSession(row: unknown): Session | undefined {
  if (!Array.isArray(row)) return undefined;
  const [client, usedAt, forgotten, numbers, results] = row as unknown[];
  const sound =
    typeof client === 'string' &&
    Number.isSafeInteger(usedAt) &&
    Number.isSafeInteger(forgotten) &&
    Array.isArray(numbers) &&
    Array.isArray(results) &&
    numbers.length === results.length &&
    numbers.every((number) => Number.isSafeInteger(number)) &&
    results.every(isRemembered);
  if (!sound) return undefined;
  return {
    client,
    usedAt: usedAt as LogIndex,
    forgotten: forgotten as number,
    numbers: numbers as number[],
    results,
  };
}

function isRemembered(value: unknown): value is Remembered {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const result = value as { readonly [field: string]: unknown };
  return (
    typeof result['ok'] === 'boolean' && (result['value'] === null || typeof result['value'] === 'string')
  );
}

/** FNV-1a over UTF-16 units, 32 bits. Source: Fowler, Noll, Vo (draft-eastlake-fnv). */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
