import type { ActiveFault, Command, NodeState } from '../../src-main/api/index.ts';
import { targetWords } from './targets.ts';

/** One thing that is broken now, in words, and the command that mends it. */
export interface Breakage {
  key: string;
  text: string;
  /** `Restart n1`; null where nothing mends it alone. */
  remedy: { title: string; command: Command } | null;
}

const NODE_FAULTS: Record<string, string> = {
  kill: 'killed',
  pause: 'paused',
  stop: 'stopped',
  crash: 'crashed',
};

/** Broken nodes first, in order; then faults that act on anything else. */
export function breakages(nodes: readonly NodeState[], faults: readonly ActiveFault[]): Breakage[] {
  const list: Breakage[] = [];
  const mentioned = new Set<string>();
  const named = new Set(faults.flatMap((fault) => (fault.type in NODE_FAULTS ? fault.targets : [])));
  for (const node of nodes) {
    const paused = node.status === 'paused';
    const down =
      node.status === 'killed' ||
      node.status === 'failed' ||
      (node.status === 'stopped' && named.has(node.id));
    if (!paused && !down) continue;
    mentioned.add(node.id);
    list.push({
      key: node.id,
      text: `${node.id} ${node.status}`,
      remedy: paused
        ? { title: `Resume ${node.id}`, command: { kind: 'resume', node: node.id } }
        : { title: `Restart ${node.id}`, command: { kind: 'restart', node: node.id } },
    });
  }
  for (const fault of faults) {
    const word = NODE_FAULTS[fault.type];
    if (word && fault.targets.every((target) => mentioned.has(target))) continue;
    list.push({ key: fault.id, text: `${targetWords(fault.targets)} ${word ?? fault.type}`, remedy: null });
  }
  return list;
}
