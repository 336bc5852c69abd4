/**
 * A running hash over the content of events: 64 bits in two lanes, over numbers, strings and plain records. It tells two runs
 * apart; it is no defence against anybody. Multipliers: MurmurHash3's finalizer (Austin Appleby, public domain).
 */
const FIRST = 0x85ebca6b;
const SECOND = 0xc2b2ae35;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

export class ContentHash {
  #low = 0x9e3779b9 | 0;
  #high = 0x7f4a7c15 | 0;

  word(value: number): void {
    this.#low = Math.imul(this.#low ^ value, FIRST);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul((this.#high + this.#low) ^ value, SECOND);
    this.#high ^= this.#high >>> 13;
  }

  number(value: number): void {
    if ((value | 0) === value) {
      this.word(value | 0);
      return;
    }
    double[0] = value;
    this.word(words[0] ?? 0);
    this.word(words[1] ?? 0);
  }

  text(value: string): void {
    const { length } = value;
    let lane = length | 0;
    for (let at = 0; at < length; at++) lane = Math.imul(lane ^ value.charCodeAt(at), FIRST) ^ (lane >>> 11);
    this.word(lane);
  }

  /** Any plain value: of a record, the fields that are set, in their order. */
  value(value: unknown): void {
    switch (typeof value) {
      case 'number':
        this.number(value);
        return;
      case 'string':
        this.text(value);
        return;
      case 'boolean':
        this.word(value ? 3 : 5);
        return;
      case 'undefined':
        this.word(7);
        return;
      default:
        this.#record(value);
    }
  }

  #record(value: unknown): void {
    if (value === null) {
      this.word(11);
    } else if (value instanceof Uint8Array) {
      this.word(value.length);
      for (const byte of value) this.word(byte);
    } else if (Array.isArray(value)) {
      this.word(value.length);
      for (const item of value) this.value(item);
    } else {
      for (const field in value as object) {
        const inner = (value as Record<string, unknown>)[field];
        if (inner === undefined) continue;
        this.text(field);
        this.value(inner);
      }
      this.word(13);
    }
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
