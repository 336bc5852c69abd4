/** One line of JSON from outside: not nested without end, and without names that mean something to JavaScript itself. */
import type { Line } from './lines.ts';
import { ExchangeRefused } from './output-file.ts';

export type Fields = Readonly<Record<string, unknown>>;

const DEPTH_MAX = 64;
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** A hint that a reserved name may be there, also one spelled with escapes. */
const MAYBE_RESERVED = /"(?:__proto__|constructor|prototype)"\s*:|\\u00[0-9a-f]{2}/i;

/** @throws ExchangeRefused that names the line, the column where it can, and the remedy */
export function parseJsonLine(file: string, { number, text }: Line, remedy: string): Fields {
  if (depthExceeds(text, DEPTH_MAX))
    throw refused(file, number, `is nested more than ${DEPTH_MAX} levels deep`, remedy);
  let value: unknown;
  try {
    value = MAYBE_RESERVED.test(text) ? JSON.parse(text, refuseReserved) : JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const column = /position (\d+)/.exec(message)?.[1];
    const where = column === undefined ? '' : ` (column ${Number(column) + 1})`;
    throw refused(file, number, error instanceof ReservedName ? message : `is no JSON${where}`, remedy);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused(file, number, 'is no JSON object', remedy);
  return value as Fields;
}

/** `what` goes on from "line 7". */
export function refused(file: string, line: number, what: string, remedy: string): ExchangeRefused {
  return new ExchangeRefused(`${file}, line ${line}: ${what}. ${remedy}`);
}

class ReservedName extends Error {}

function refuseReserved(this: unknown, name: string, value: unknown): unknown {
  if (RESERVED.has(name)) throw new ReservedName(`holds a field called ${name}`);
  return value;
}

function depthExceeds(text: string, depthMax: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (quoted) {
      if (character === 0x5c) at++;
      else if (character === 0x22) quoted = false;
    } else if (character === 0x22) quoted = true;
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > depthMax) return true;
    } else if (character === 0x7d || character === 0x5d) depth--;
  }
  return false;
}
