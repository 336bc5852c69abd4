/** Which indexes of the logs are shown. Pure. */
import type { LogIndex, LogWindow } from '../../../src-main/api/index.ts';
import { count } from '../../wording/figures.ts';

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

/** A log's entries that a snapshot holds, as far as they are shown: one block instead of cells. */
export interface SnapshotBlock {
  /** How many of the columns it takes, from the first. */
  readonly columns: number;
  readonly text: string;
  readonly title: string;
}

/** Undefined where all entries shown are in the log itself. */
export function snapshotBlock(
  { node, compacted, snapshot }: Pick<LogWindow['nodes'][number], 'node' | 'compacted' | 'snapshot'>,
  indexes: readonly LogIndex[],
): SnapshotBlock | undefined {
  const columns = indexes.filter((index) => index <= compacted).length;
  if (columns === 0) return undefined;
  const entries = compacted === 1 ? 'entry 1' : `entries 1 to ${count(compacted)}`;
  const of = snapshot === null ? 'a snapshot' : `its snapshot of entry ${count(snapshot)}`;
  const span = compacted === 1 ? '1' : `1–${count(compacted)}`;
  return {
    columns,
    text: columns < 3 ? '…' : columns < 5 ? span : `${span} in a snapshot`,
    title: `${node}: ${entries} are in the log no more; ${of} holds what they led to`,
  };
}
