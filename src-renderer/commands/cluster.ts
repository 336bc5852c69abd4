import { isVoter } from '../../src-main/api/index.ts';
import type { NodeState } from '../../src-main/api/index.ts';
import { useConnectionStore } from '../stores/bridge.ts';
import { useClusterState } from '../stores/clusterState.ts';
import { useControlStore } from '../stores/control.ts';
import { useRunStore } from '../stores/run.ts';
import { useSelectionStore } from '../stores/selection.ts';
import type { CommandDefinition } from './registry.ts';

export const WORKLOADS = [0, 8, 64] as const;

const ALIVE = new Set(['starting', 'running', 'paused']);
const DOWN = new Set(['killed', 'stopped', 'failed']);

/** What people do to a cluster: they act on the selected node, or on all of it. */
export function clusterCommands(): CommandDefinition[] {
  const run = useRunStore();
  const state = useClusterState();
  const selection = useSelectionStore();
  const control = useControlStore();
  const connection = useConnectionStore();

  function selected(): NodeState | null {
    return selection.nodeId ? state.node(selection.nodeId) : null;
  }

  /** A command on the selected node; `refuse` gives the reason why this node cannot take it, or null. */
  function onNode(
    id: string,
    title: string,
    key: string,
    refuse: (node: NodeState) => string | null,
    execute: (node: NodeState) => unknown,
  ): CommandDefinition {
    return {
      id,
      title,
      group: 'Cluster',
      keys: [key],
      when: () => {
        if (control.ready !== true) return control.ready;
        const node = selected();
        if (!node) return 'select a node first, with a key from 1 to 9.';
        return refuse(node) ?? true;
      },
      run: () => {
        const node = selected();
        return node && execute(node);
      },
    };
  }

  const selectCommands = Array.from({ length: 9 }, (_, at): CommandDefinition => {
    const id = `n${at + 1}`;
    return {
      id: `node.select-${at + 1}`,
      title: `Select ${id}`,
      group: 'Cluster',
      keys: [String(at + 1)],
      when: () => run.nodes.includes(id),
      run: () => selection.select('node', id),
    };
  });

  return [
    ...selectCommands,
    {
      id: 'node.deselect',
      title: 'Select nothing',
      group: 'Cluster',
      keys: ['Escape'],
      when: () => selection.item !== null,
      run: () => selection.clear(),
    },
    onNode(
      'cluster.kill',
      'Kill the selected node',
      'K',
      (node) => (ALIVE.has(node.status) ? null : `${node.id} is not running.`),
      (node) => control.execute({ kind: 'kill', node: node.id }),
    ),
    onNode(
      'cluster.pause',
      'Pause or resume the selected node',
      'P',
      (node) => {
        if (node.status === 'paused') return null;
        const pause = connection.capabilities?.pause;
        if (pause && !pause.available) return pause.reason ?? 'this system cannot pause a process.';
        return node.status === 'running' ? null : `${node.id} is not running.`;
      },
      (node) => control.execute({ kind: node.status === 'paused' ? 'resume' : 'pause', node: node.id }),
    ),
    onNode(
      'cluster.restart',
      'Restart the selected node',
      'R',
      (node) => (node.status === 'absent' ? `${node.id} has not been started yet.` : null),
      (node) => control.execute({ kind: 'restart', node: node.id }),
    ),
    onNode(
      'cluster.campaign',
      'Let the selected node time out now',
      'T',
      (node) => {
        if (node.status !== 'running') return `${node.id} is not running.`;
        if (node.role === 'leader') return `${node.id} leads already.`;
        return node.role === 'learner' ? `${node.id} has no vote, so it cannot stand for election.` : null;
      },
      (node) => control.execute({ kind: 'campaign', node: node.id }),
    ),
    onNode(
      'cluster.transfer',
      'Hand the leadership to the selected node',
      'M',
      (node) => {
        if (node.status !== 'running') return `${node.id} is not running.`;
        if (node.role === 'leader') return `${node.id} leads already.`;
        if (!state.leader) return 'no node leads now.';
        const inForce = state.leader.configuration?.configuration;
        return inForce && !isVoter(inForce, node.id) ? `${node.id} has no vote.` : null;
      },
      (node) => control.execute({ kind: 'transfer', node: node.id }),
    ),
    onNode(
      'cluster.snapshot',
      'Save a snapshot on the selected node and compact its log',
      'S',
      (node) => {
        if (node.status !== 'running') return `${node.id} is not running.`;
        if (node.applied === 0) return `${node.id} has applied nothing yet.`;
        return node.snapshot && node.applied <= node.snapshot.index
          ? `${node.id} has applied nothing since its snapshot of entry ${node.snapshot.index}.`
          : null;
      },
      (node) => control.execute({ kind: 'snapshot', node: node.id }),
    ),
    {
      id: 'cluster.heal',
      title: 'Heal all: resume and restart every node, end every fault',
      group: 'Cluster',
      keys: ['H'],
      when: () => {
        if (control.ready !== true) return control.ready;
        const broken = state.nodes.some((node) => node.status === 'paused' || DOWN.has(node.status));
        return broken || (state.state?.faults.length ?? 0) > 0 ? true : 'nothing is broken.';
      },
      run: () => control.execute({ kind: 'heal' }),
    },
    ...WORKLOADS.map((clients): CommandDefinition => ({
      id: `workload.${clients}`,
      title: clients === 0 ? 'Workload off' : `Workload of ${clients} clients`,
      group: 'Cluster',
      keys: [],
      when: () => control.ready,
      run: () => control.execute({ kind: 'workload', clients }),
    })),
  ];
}
