import type { NodeState } from '../../src-main/api/index.ts';
import { count, counted, span } from './figures.ts';

const DOWN = new Set(['killed', 'stopped', 'failed']);

export function isDown(node: Pick<NodeState, 'status'>): boolean {
  return DOWN.has(node.status);
}

/** One word: its role while it runs, else what became of it. */
export function roleWord(node: Pick<NodeState, 'status' | 'role'>): string {
  if (node.status === 'running') return node.role;
  return node.status === 'absent' ? 'not started' : node.status;
}

/** `leader of term 5 for 0.4 s`, `killed 0.9 s ago`. */
export function nodeSentence(node: NodeState, atNs: number): string {
  const since = (ns: number): string => span(Math.max(0, atNs - ns));
  if (node.status === 'running') return `${node.role} of term ${node.term} for ${since(node.roleSinceNs)}`;
  if (node.status === 'absent') return 'not started yet';
  if (node.status === 'starting') return `starting for ${since(node.statusSinceNs)}`;
  if (node.status === 'paused')
    return `paused for ${since(node.statusSinceNs)}, ${node.role} of term ${node.term}`;
  return `${node.status} ${since(node.statusSinceNs)} ago`;
}

/** What it is doing that its role does not tell; null for the usual. */
function task(node: NodeState): string | null {
  const { incoming, transfer } = node;
  if (transfer) return `hands over to ${transfer.to}`;
  if (incoming) return `snapshot ${percent(incoming.bytes, incoming.total)}`;
  return null;
}

/** `64 %`. */
export function percent(part: number, whole: number): string {
  return `${whole > 0 ? Math.floor((100 * part) / whole) : 0} %`;
}

/** The third line of a node's box: what matters most about it now. */
export function nodeDetail(node: NodeState, highestIndex: number, atNs: number): string {
  if (isDown(node) || node.status === 'paused') {
    return `${span(Math.max(0, atNs - node.statusSinceNs))}${node.status === 'paused' ? '' : ' ago'}`;
  }
  if (node.status !== 'running') return '';
  const doing = task(node);
  if (doing !== null) return doing;
  const behind = highestIndex - node.lastIndex;
  if (behind > 1 && behind > highestIndex / 50) return `${counted(behind, 'entry', 'entries')} behind`;
  if (node.role === 'leader') return `commit ${count(node.commit)}${node.lease ? ' · lease' : ''}`;
  if (node.role === 'candidate') return counted(node.votes.length, 'vote');
  if (node.role === 'pre-candidate') return counted(node.votes.length, 'promise');
  if (node.role === 'learner') return node.leader ? `hears ${node.leader}` : 'hears nobody';
  return node.votedFor ? `vote ${node.votedFor}` : 'no vote yet';
}

/** Everything a box shows, for those who hear it. */
export function nodeLabel(
  node: NodeState,
  highestIndex: number,
  atNs: number,
  standing: string | null = null,
): string {
  const detail = nodeDetail(node, highestIndex, atNs);
  return [node.id, roleWord(node), standing, `term ${node.term}`, detail].filter(Boolean).join(', ');
}
