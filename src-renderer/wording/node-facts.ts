import type { NodeState } from '../../src-main/api/index.ts';
import { count, milliseconds, span } from './figures.ts';

/** A node's process, vote, log and disk at a moment as names and values. */
export function nodeFacts(node: NodeState, atNs: number, failed: boolean): [string, string][] {
  const facts: [string, string][] = [['process', processWords(node)]];
  if (node.votes.length > 0) facts.push([votesName(node), node.votes.join(', ')]);
  facts.push(
    ['voted for', node.votedFor ? `${node.votedFor} in term ${node.term}` : `nobody in term ${node.term}`],
    ['leader', node.leader ?? 'unknown'],
  );
  if (node.role === 'leader' && node.status === 'running') facts.push(['lease', leaseWords(node, atNs)]);
  facts.push(
    ['log', logWords(node)],
    ['commit / applied', `${count(node.commit)} / ${count(node.applied)}`],
    [
      'snapshot',
      node.snapshot ? `of entry ${count(node.snapshot.index)} @ term ${node.snapshot.term}` : 'none',
    ],
    ['durable to', count(node.durableIndex)],
    ['last sync', node.lastSyncNs === null ? '—' : milliseconds(node.lastSyncNs / 1e6)],
  );
  // A leader's message puts the deadline off without a word in the trace, so a follower's is the earliest.
  const leftNs = (node.electionDeadlineNs ?? 0) - atNs;
  if (node.status === 'running' && node.role !== 'leader' && leftNs > 0)
    facts.push(['times out', `in ${span(leftNs)}${node.role === 'follower' ? ' at the earliest' : ''}`]);
  if (node.error && !failed) facts.push(['last refusal', node.error]);
  return facts;
}

function processWords({ pid, incarnation, port }: NodeState): string {
  return pid === null ? 'none' : `pid ${pid}, incarnation ${incarnation}${port ? `, port ${port}` : ''}`;
}

function votesName({ role }: NodeState): string {
  if (role === 'pre-candidate') return 'promises so far';
  return role === 'candidate' ? 'votes so far' : 'elected by';
}

/** What a log holds, and what it has let go of. */
export function logWords({ lastIndex, compacted }: NodeState): string {
  if (lastIndex === 0) return 'empty';
  const held =
    lastIndex > compacted ? `${count(compacted + 1)} – ${count(lastIndex)}` : 'no entry behind its snapshot';
  return compacted === 0 ? held : `${held}, before that a snapshot`;
}

/** The trace says when a lease is gained and lost, not each time that it is renewed. */
function leaseWords({ lease }: NodeState, atNs: number): string {
  if (lease === null) return 'none';
  return `held for ${span(Math.max(0, atNs - lease.sinceNs))}, ${milliseconds(lease.forMs)} each`;
}
