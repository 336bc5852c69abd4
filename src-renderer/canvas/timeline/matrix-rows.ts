/** The logs of all nodes as the matrix shows them: a row a node, a cell an index. Pure. */
import type { LogIndex, LogWindow, NodeId, Term } from '../../../src-main/api/index.ts';
import type { SnapshotBlock } from './log-window.ts';
import { snapshotBlock } from './log-window.ts';

export interface MatrixCell {
  readonly index: LogIndex;
  /** null: the node holds nothing there. */
  readonly term: Term | null;
  readonly committed: boolean;
  /** The last one that is committed, and that is applied, as far as the node knows. */
  readonly commitMark: boolean;
  readonly appliedMark: boolean;
  /** A sentence; empty where there is nothing to say. */
  readonly title: string;
}

export interface MatrixRow {
  readonly node: NodeId;
  readonly commit: LogIndex;
  /** Undefined where all entries shown are in the log itself. */
  readonly snapshot: SnapshotBlock | undefined;
  readonly cells: readonly MatrixCell[];
}

export function matrixRows(window: LogWindow, indexes: readonly LogIndex[]): MatrixRow[] {
  return window.nodes.map((node) => ({
    node: node.node,
    commit: node.commit,
    snapshot: snapshotBlock(node, indexes),
    cells: indexes.flatMap((index, at): MatrixCell[] => {
      if (index <= node.compacted) return [];
      const term = node.cells[at] ?? null;
      return [
        {
          index,
          term,
          committed: term !== null && index <= node.commit,
          commitMark: index === node.commit,
          appliedMark: index === node.applied,
          title: term === null ? '' : titleOf(node, index, term, window.commands[at] ?? null),
        },
      ];
    }),
  }));
}

function titleOf(
  node: LogWindow['nodes'][number],
  index: LogIndex,
  term: Term,
  command: string | null,
): string {
  const says = command === null ? '' : `: ${command}`;
  const durable = index <= node.durable ? 'on disk, not committed' : 'not on disk yet';
  const state = index <= node.commit ? 'committed' : durable;
  return `${node.node}, entry ${index} of term ${term}${says} (${state}${index <= node.applied ? ', applied' : ''})`;
}

/** The cell beside one in the direction of an arrow key; undefined for any other key. */
export function cellBeside(
  key: string,
  nodes: readonly NodeId[],
  node: NodeId,
  index: LogIndex,
): { node: NodeId | undefined; index: LogIndex } | undefined {
  const move = MOVES[key];
  return move && { node: nodes[nodes.indexOf(node) + move[0]], index: index + move[1] };
}

const MOVES: Record<string, readonly [nodes: number, indexes: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};
