import { describe, expect, it } from 'vitest';
import type { LogWindow } from '../../../src-main/api/index.ts';
import { cellBeside, matrixRows } from '../../../src-renderer/canvas/timeline/matrix-rows.ts';

const WINDOW: LogWindow = {
  firstIndex: 4,
  lastIndex: 7,
  nodes: [
    { node: 'n1', commit: 6, applied: 5, durable: 7, compacted: 0, snapshot: null, cells: [1, 1, 2, 2] },
    {
      node: 'n2',
      commit: 5,
      applied: 5,
      durable: 6,
      compacted: 5,
      snapshot: 5,
      cells: [null, null, 2, null],
    },
  ],
  commands: [null, 'put lamp on', null, null],
};
const INDEXES = [4, 5, 6, 7];

describe('the logs of all nodes', () => {
  it('mark what each node knows to be committed, and the last entry it has applied', () => {
    const [first] = matrixRows(WINDOW, INDEXES);
    expect(first?.cells.map(({ committed }) => committed)).toEqual([true, true, true, false]);
    expect(first?.cells.find(({ commitMark }) => commitMark)?.index).toBe(6);
    expect(first?.cells.find(({ appliedMark }) => appliedMark)?.index).toBe(5);
  });

  it('say of each entry its term, what it holds and how far it has come', () => {
    const [first, second] = matrixRows(WINDOW, INDEXES);
    expect(first?.cells.map(({ title }) => title)).toEqual([
      'n1, entry 4 of term 1 (committed, applied)',
      'n1, entry 5 of term 1: put lamp on (committed, applied)',
      'n1, entry 6 of term 2 (committed)',
      'n1, entry 7 of term 2 (on disk, not committed)',
    ]);
    expect(second?.cells.map(({ index, term }) => [index, term])).toEqual([
      [6, 2],
      [7, null],
    ]);
    expect(second?.snapshot?.columns).toBe(2);
  });

  it('are walked with arrow keys', () => {
    const nodes = ['n1', 'n2'];
    expect(cellBeside('ArrowRight', nodes, 'n1', 5)).toEqual({ node: 'n1', index: 6 });
    expect(cellBeside('ArrowDown', nodes, 'n1', 5)).toEqual({ node: 'n2', index: 5 });
    expect(cellBeside('ArrowUp', nodes, 'n1', 5)?.node).toBeUndefined();
    expect(cellBeside('Enter', nodes, 'n1', 5)).toBeUndefined();
  });
});
