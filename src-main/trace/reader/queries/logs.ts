/** All nodes' logs beside each other at a moment. */
import { describeCommand } from '../../../consensus/kv/command.ts';
import type { LogIndex, Term } from '../../../consensus/replica.ts';
import { describeConfigurationEntry } from '../../model/members.ts';
import type { LogWindow, QueryParams } from '../../model/queries.ts';
import type { NodeState } from '../../model/state.ts';
import type { TraceConnection } from '../connection.ts';
import { stateAt } from './state-at.ts';

const COUNT_MAX = 1_000;

export function logs(trace: TraceConnection, params: QueryParams<'logs'>): LogWindow {
  const { nodes } = stateAt(trace, params.atNs);
  const count = Math.min(params.count, COUNT_MAX);
  const newest = Math.max(0, ...nodes.map((node) => node.lastIndex));
  const firstIndex = params.firstIndex ?? Math.max(1, newest - count + 1);
  const lastIndex = Math.min(firstIndex + count - 1, newest);
  const positions = Array.from(
    { length: Math.max(0, lastIndex - firstIndex + 1) },
    (_, at) => firstIndex + at,
  );
  return {
    firstIndex,
    lastIndex,
    nodes: nodes.map((node) => ({
      node: node.id,
      commit: node.commit,
      applied: node.applied,
      durable: node.durableIndex,
      compacted: node.compacted,
      snapshot: node.snapshot?.index ?? null,
      cells: positions.map((index) => termAt(node, index)),
    })),
    commands: commandsOf(trace, nodes, positions),
  };
}

function termAt(node: NodeState, index: LogIndex): Term | null {
  for (const { first, last, term } of node.log) if (index >= first && index <= last) return term;
  return null;
}

/** What stands at a position according to the node that has committed furthest, of those that hold something there. */
function commandsOf(
  trace: TraceConnection,
  nodes: readonly NodeState[],
  positions: readonly LogIndex[],
): (string | null)[] {
  const [first] = positions;
  if (first === undefined) return [];
  const created = new Map<string, string>();
  const rows = trace
    .statement(
      `SELECT first, last, term, commands FROM entry INDEXED BY entry_commands
      WHERE commands IS NOT NULL AND last >= ? ORDER BY last LIMIT ?`,
    )
    .all(first, 4 * positions.length + 100);
  for (const row of rows as { first: number; last: number; term: number; commands: string }[]) {
    const commands = JSON.parse(row.commands) as string[];
    for (const [at, command] of commands.entries()) created.set(`${row.first + at}@${row.term}`, command);
  }
  const byCommit = [...nodes].sort((a, b) => b.commit - a.commit);
  return positions.map((index) => {
    for (const node of byCommit) {
      const term = termAt(node, index);
      const command = term === null ? undefined : created.get(`${index}@${term}`);
      if (command !== undefined) return describeConfigurationEntry(command) ?? describeCommand(command);
    }
    return null;
  });
}
