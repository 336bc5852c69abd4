/**
 * The chain hash of a log: each entry is hashed over the hash of everything before it, so that two logs with the same
 * hash at an index hold the same entries up to there. Good for finding differences, not against an adversary.
 */
import type { ChainHash, Entry } from '../replica.ts';

/** The hash of the empty log. */
export const EMPTY_LOG_HASH: ChainHash = 0;

const TWO_TO_32 = 0x1_0000_0000;
/** Odd multipliers for the two 32-bit lanes; they differ so that the lanes do not collide together. */
const LOW_MULTIPLIER = 0x85ebca6b;
const HIGH_MULTIPLIER = 0xc2b2ae35;

/** The hash of a log whose last entry is `entry` and whose hash before it was `previous`: an integer below 2^53. */
export function chainHash(previous: ChainHash, entry: Omit<Entry, 'index'>): ChainHash {
  let low = (previous % TWO_TO_32) ^ 0x9e3779b9;
  let high = Math.floor(previous / TWO_TO_32) ^ 0x7f4a7c15;
  const id = entry.id ?? '';
  const data = entry.data;
  // The lengths go in first, so that no two different entries spell the same sequence of characters.
  const shape = (entry.kind === 'command' ? 1 : 2) + (entry.id === undefined ? 4 : 0);
  low = Math.imul(low ^ shape ^ (id.length << 3), LOW_MULTIPLIER);
  high = Math.imul(high ^ data.length, HIGH_MULTIPLIER);
  low = Math.imul(low ^ (entry.term % TWO_TO_32), LOW_MULTIPLIER);
  high = Math.imul(high ^ (entry.term % TWO_TO_32) ^ (low >>> 15), HIGH_MULTIPLIER);
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    low = Math.imul(low ^ unit, LOW_MULTIPLIER);
    high = Math.imul(high ^ unit ^ (low >>> 15), HIGH_MULTIPLIER);
  }
  for (let at = 0; at < data.length; at++) {
    const unit = data.charCodeAt(at);
    low = Math.imul(low ^ unit, LOW_MULTIPLIER);
    high = Math.imul(high ^ unit ^ (low >>> 15), HIGH_MULTIPLIER);
  }
  low = Math.imul(low ^ (low >>> 16) ^ (high >>> 13), HIGH_MULTIPLIER);
  high = Math.imul(high ^ (high >>> 15) ^ (low >>> 16), LOW_MULTIPLIER);
  low ^= high >>> 14;
  return ((high >>> 0) % 0x20_0000) * TWO_TO_32 + (low >>> 0);
}
