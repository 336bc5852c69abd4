import type { Nanoseconds } from '../../src-main/api/index.ts';

export type Direction = 1 | -1;

/** Playback factors, fastest first; 1 is as it happened, 1/200 is the lens "shown 200× slower". */
export const RATES = [100, 10, 1, 1 / 10, 1 / 50, 1 / 200, 1 / 1_000, 1 / 10_000] as const;

export interface Playback {
  atNs: Nanoseconds;
  rate: number;
  direction: Direction;
  /** Wall time since the last frame, milliseconds. */
  elapsedMs: number;
  /** The end of what is recorded. */
  endNs: Nanoseconds;
}

/** Where the cursor is after a frame, and whether it met an end of the recording. */
export function advance(playback: Playback): { atNs: Nanoseconds; met: 'start' | 'end' | null } {
  const movedNs = Math.max(1, Math.round(playback.elapsedMs * 1e6 * playback.rate));
  const atNs = playback.atNs + playback.direction * movedNs;
  if (atNs <= 0 && playback.direction < 0) return { atNs: 0, met: 'start' };
  if (atNs >= playback.endNs) return { atNs: playback.endNs, met: 'end' };
  return { atNs, met: null };
}

/** `100×`, `1×`, `1/200`, `1/10,000`. */
export function rateLabel(rate: number): string {
  return rate >= 1 ? `${Math.round(rate)}×` : `1/${Math.round(1 / rate).toLocaleString('en')}`;
}

/** `as it happened`, `shown 200× slower`, `shown 10× faster`. */
export function rateWords(rate: number): string {
  if (rate > 1) return `shown ${Math.round(rate).toLocaleString('en')}× faster`;
  return rate === 1 ? 'as it happened' : `shown ${Math.round(1 / rate).toLocaleString('en')}× slower`;
}
