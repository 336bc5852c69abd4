/** The log of a node as runs of equal term: appended to at its end, cut there on a conflict, shortened from its beginning by compaction. */
import type { LogIndex, Term } from '../../consensus/replica.ts';
import type { LogRun, NodeState } from './state.ts';

/** Removes everything from `first` on. */
export function cutLog(node: NodeState, first: LogIndex): void {
  if (first > node.lastIndex) return;
  const { log } = node;
  for (let run = log[log.length - 1]; run !== undefined && run.last >= first; run = log[log.length - 1]) {
    if (run.first < first) {
      run.last = first - 1;
      break;
    }
    log.pop();
  }
  node.lastIndex = first - 1;
  if (node.durableIndex > node.lastIndex) node.durableIndex = node.lastIndex;
}

export function extendLog(node: NodeState, first: LogIndex, last: LogIndex, term: Term): void {
  const run: LogRun | undefined = node.log[node.log.length - 1];
  if (run !== undefined && run.term === term && run.last === first - 1) run.last = last;
  else node.log.push({ first, last, term });
  node.lastIndex = last;
}

/** A snapshot holds what the entries up to `to` led to, and they are gone. */
export function shortenLog(node: NodeState, to: LogIndex): void {
  const { log } = node;
  for (let run = log[0]; run !== undefined && run.first <= to; run = log[0]) {
    if (run.last > to) {
      run.first = to + 1;
      break;
    }
    log.shift();
  }
  if (to > node.compacted) node.compacted = to;
}
