import { crc32 } from 'node:zlib';

interface LastRow {
  readonly key: number;
  readonly checksum: number;
}

/**
 * The last row of each space with its checksum, digested into one number. A replica's last log row carries the chain hash of the whole
 * log, so that two files with the same digest hold the same term, vote, log and snapshot.
 */
export class LastRows {
  readonly #bySpace = new Map<string, LastRow | undefined>();

  /** Whether rows `from..to` of the space include its last one. */
  includes(space: string, from: number, to: number): boolean {
    const last = this.#bySpace.get(space);
    return last !== undefined && from <= last.key && last.key <= to;
  }

  put(space: string, key: number, checksum: number): void {
    const last = this.#bySpace.get(space);
    if (last === undefined || key >= last.key) this.#bySpace.set(space, { key, checksum });
  }

  /** What is the last row now that others were removed; undefined: none. */
  replace(space: string, last: LastRow | undefined): void {
    this.#bySpace.set(space, last);
  }

  /** 32 bits. */
  get digest(): number {
    let digest = 0;
    for (const [space, last] of this.#bySpace) {
      if (last !== undefined) digest = crc32(`${space}/${last.key}/${last.checksum}`, digest);
    }
    return digest;
  }
}
