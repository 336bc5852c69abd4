/**
 * Reads and writes EDN as far as histories need it (github.com/edn-format/edn): nil, booleans, numbers, strings, characters, keywords,
 * symbols, lists, vectors, maps, sets and tags. What comes from outside is bounded in depth and size.
 */

/** A keyword without its colon. */
export class Keyword {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Lists, vectors and sets alike. */
export type Edn = null | boolean | number | string | Keyword | Edn[] | EdnMap;
/** Keys by their text: those that are keywords by their names. */
export type EdnMap = Map<string, Edn>;

/** The text is no EDN; `at` is the offset where it ceases to be. */
export class EdnError extends Error {
  readonly at: number;
  constructor(what: string, at: number) {
    super(what);
    this.at = at;
  }
}

const DEPTH_MAX = 64;
const SPACE = /[\s,]/;
const ENDS_ATOM = /[\s,()[\]{}";]/;
const CHARACTERS: Readonly<Record<string, string>> = { newline: '\n', return: '\r', space: ' ', tab: '\t' };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** One value from the beginning of the text, and the offset behind it. @throws EdnError */
export function readEdn(text: string, from = 0): { value: Edn; end: number } {
  const reader = new EdnReader(text, from);
  const value = reader.value(0);
  return { value, end: reader.at };
}

class EdnReader {
  at: number;
  readonly #text: string;

  constructor(text: string, from: number) {
    this.#text = text;
    this.at = from;
  }

  value(depth: number): Edn {
    if (depth > DEPTH_MAX) throw new EdnError(`it is nested more than ${DEPTH_MAX} levels deep`, this.at);
    this.#skipSpace();
    const character = this.#text[this.at];
    switch (character) {
      case undefined:
        throw new EdnError('it ends in the middle of a value', this.at);
      case '(':
        return this.#items(')', depth);
      case '[':
        return this.#items(']', depth);
      case '{':
        return this.#map(depth);
      case '"':
        return this.#string();
      case '\\':
        return this.#character();
      case '#':
        return this.#dispatch(depth);
      case ')':
      case ']':
      case '}':
        throw new EdnError(`a ${character} closes nothing`, this.at);
      default:
        return atomOf(this.#atom());
    }
  }

  #items(close: string, depth: number): Edn[] {
    const items: Edn[] = [];
    this.at++;
    while (!this.#closes(close)) items.push(this.value(depth + 1));
    return items;
  }

  #map(depth: number): EdnMap {
    const map: EdnMap = new Map();
    this.at++;
    while (!this.#closes('}')) {
      const key = this.value(depth + 1);
      const name = key instanceof Keyword ? key.name : writeEdn(key);
      if (this.#closes('}')) throw new EdnError(`a map has the key ${name} and no value`, this.at);
      map.set(name, this.value(depth + 1));
    }
    return map;
  }

  #closes(close: string): boolean {
    this.#skipSpace();
    if (this.at >= this.#text.length) throw new EdnError(`the closing ${close} is missing`, this.at);
    if (this.#text[this.at] !== close) return false;
    this.at++;
    return true;
  }

  /** A set, a value that is to be left out, or a tag, which says nothing that is needed here. */
  #dispatch(depth: number): Edn {
    this.at++;
    const next = this.#text[this.at];
    if (next === '{') return this.#items('}', depth);
    if (next === '_') {
      this.at++;
      this.value(depth + 1);
      return this.value(depth + 1);
    }
    this.#atom();
    return this.value(depth + 1);
  }

  #string(): string {
    let text = '';
    for (this.at++; this.at < this.#text.length; this.at++) {
      const character = this.#text.charAt(this.at);
      if (character === '"') {
        this.at++;
        return text;
      }
      text += character === '\\' ? this.#escape() : character;
    }
    throw new EdnError('the closing " is missing', this.at);
  }

  #escape(): string {
    const character = this.#text.charAt(++this.at);
    if (character !== 'u') return ESCAPES[character] ?? character;
    const digits = this.#text.slice(this.at + 1, this.at + 5);
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new EdnError('\\u needs four hexadecimal digits', this.at);
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #character(): string {
    this.at++;
    const name = this.#text.charAt(this.at) + this.#atomFrom(this.at + 1);
    return CHARACTERS[name] ?? name.charAt(0);
  }

  #atom(): string {
    const atom = this.#atomFrom(this.at);
    if (atom === '') throw new EdnError(`${this.#text.charAt(this.at)} begins no value`, this.at);
    return atom;
  }

  #atomFrom(from: number): string {
    let end = from;
    while (end < this.#text.length && !ENDS_ATOM.test(this.#text.charAt(end))) end++;
    this.at = end;
    return this.#text.slice(from, end);
  }

  #skipSpace(): void {
    for (; this.at < this.#text.length; this.at++) {
      const character = this.#text.charAt(this.at);
      if (character === ';') while (this.at < this.#text.length && this.#text[this.at] !== '\n') this.at++;
      else if (!SPACE.test(character)) return;
    }
  }
}

/** Integers beyond 2^53 and ratios stay as they are written, as text. */
function atomOf(atom: string): Edn {
  if (atom === 'nil') return null;
  if (atom === 'true' || atom === 'false') return atom === 'true';
  if (atom.startsWith(':')) return new Keyword(atom.slice(1));
  if (/^[+-]?\d+N?$/.test(atom)) {
    const value = Number.parseInt(atom, 10);
    return Number.isSafeInteger(value) ? value : atom;
  }
  if (/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?M?$/.test(atom)) return Number.parseFloat(atom);
  return atom;
}

/** One line. */
export function writeEdn(value: Edn): string {
  if (value === null) return 'nil';
  if (typeof value === 'string') return ednString(value);
  if (value instanceof Keyword) return `:${value.name}`;
  if (Array.isArray(value)) return `[${value.map(writeEdn).join(' ')}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `:${key} ${writeEdn(item)}`).join(', ')}}`;
  return String(value);
}

function ednString(text: string): string {
  const escaped = text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `"${escaped.replaceAll('\t', '\\t')}"`;
}
