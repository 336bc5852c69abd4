/** SQLite's WAL checksum: two running sums over pairs of 32-bit words (SQLite file format, §4.2). */
export interface WalSum {
  readonly s0: number;
  readonly s1: number;
}

/** Continues `seed` over `length` bytes (a multiple of 8) at `offset`, in the WAL's own byte order. */
export function walChecksum(
  view: DataView,
  offset: number,
  length: number,
  seed: WalSum,
  littleEndian: boolean,
): WalSum {
  let s0 = seed.s0 | 0;
  let s1 = seed.s1 | 0;
  for (let at = offset, end = offset + length; at < end; at += 8) {
    s0 = (s0 + view.getInt32(at, littleEndian) + s1) | 0;
    s1 = (s1 + view.getInt32(at + 4, littleEndian) + s0) | 0;
  }
  return { s0: s0 >>> 0, s1: s1 >>> 0 };
}
