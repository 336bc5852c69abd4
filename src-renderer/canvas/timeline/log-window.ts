/** Which indexes of the logs are shown. Pure. */
import type { LogIndex } from '../../../src-main/api/index.ts';

/**
 * The first index of a window of `count` that shows the logs' ends with some room behind them. It moves in steps of a quarter, so that
 * the cells keep still while entries are appended.
 */
export function firstShown(lastIndex: LogIndex, count: number): LogIndex {
  const step = Math.max(1, Math.floor(count / 4));
  const room = Math.max(2, Math.floor(count / 4));
  const wanted = lastIndex + room - count + 1;
  return Math.max(1, Math.ceil((wanted - 1) / step) * step + 1);
}

/** A page earlier or later, within the log. */
export function pageFrom(first: LogIndex, count: number, pages: number, lastIndex: LogIndex): LogIndex {
  const move = Math.max(1, count - 2) * pages;
  return Math.min(Math.max(1, first + move), Math.max(1, lastIndex));
}
