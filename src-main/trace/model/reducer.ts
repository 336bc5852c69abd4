/**
 * Folds events into the state of the cluster. Pure, and the same for the live view, replay, command line and grading, so
 * that they cannot disagree. Feed it in the order of (atNs, source, incarnation, seq).
 */
import type { NodeId, Role, Term } from '../../consensus/replica.ts';
import { isNode } from './events.ts';
import type { EventKind, ExitReason, TraceEvent } from './events.ts';
import { cutLog, extendLog, shortenLog } from './log-runs.ts';
import { isVoter } from './members.ts';
import { reduceConfiguration, reduceLease, reduceSnapshot, reduceTransfer } from './reduce-membership.ts';
import type { ClusterState, NodeState, NodeStatus } from './state.ts';

/** The kinds that `reduce` looks at; all others leave the state as it is but for its time. */
export const STATE_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'run-started',
  'process-spawned',
  'process-ready',
  'process-exited',
  'process-paused',
  'process-resumed',
  'node-started',
  'node-stopped',
  'role',
  'term',
  'vote',
  'leader',
  'tally',
  'append',
  'truncate',
  'commit',
  'apply',
  'restore',
  'progress',
  'configuration',
  'lease',
  'transfer',
  'snapshot',
  'compact',
  'timer-armed',
  'timer-fired',
  'persist-completed',
  'refuse',
  'invoke',
  'complete',
  'operator',
  'fault-started',
  'fault-ended',
]);

/** Before anything happened: every node absent. */
export function initialState(nodes: readonly NodeId[]): ClusterState {
  return {
    atNs: 0,
    nodes: nodes.map(absentNode),
    faults: [],
    operations: { invoked: 0, acknowledged: 0, failed: 0, unknown: 0 },
    clients: 0,
  };
}

/** A state as an earlier version of the lab stored it: what it did not know of yet is as before anything happened. */
export function revive(stored: ClusterState): ClusterState {
  for (const [at, node] of stored.nodes.entries()) {
    if (node.configuration !== undefined) continue;
    const known = { ...absentNode(node.id), ...node };
    for (const [peer, { match, next }] of Object.entries(node.progress))
      known.progress[peer] = { match, next, state: 'replicate', inFlight: 0, sending: null };
    stored.nodes[at] = known;
  }
  return stored;
}

/** Changes `state` to what it is after `event` and returns it. A node that is not known yet joins it. */
export function reduce(state: ClusterState, event: TraceEvent): ClusterState {
  if (event.atNs > state.atNs) state.atNs = event.atNs;
  switch (event.kind) {
    case 'run-started':
      for (const id of event.nodes) nodeOrNew(state, id);
      break;
    case 'process-spawned':
    case 'process-ready':
    case 'process-exited':
    case 'process-paused':
    case 'process-resumed':
      reduceProcess(state, event);
      break;
    case 'invoke':
      state.operations.invoked++;
      break;
    case 'complete':
      if (event.outcome === 'ok') state.operations.acknowledged++;
      else if (event.outcome === 'fail') state.operations.failed++;
      else state.operations.unknown++;
      break;
    case 'operator':
      reduceOperator(state, event);
      break;
    case 'fault-started': {
      const { fault: id, type, targets, atNs: startedNs } = event;
      state.faults.push({ id, type, targets: [...targets], startedNs });
      break;
    }
    case 'fault-ended':
      state.faults = state.faults.filter((fault) => fault.id !== event.fault);
      break;
    default: {
      if (isNode(event.source) && STATE_KINDS.has(event.kind))
        reduceNode(nodeOrNew(state, event.source), event);
    }
  }
  return state;
}

function nodeOf(state: ClusterState, id: NodeId): NodeState | undefined {
  for (const node of state.nodes) if (node.id === id) return node;
  return undefined;
}

/** Late comers take their place among the others by their number. */
function nodeOrNew(state: ClusterState, id: NodeId): NodeState {
  const known = nodeOf(state, id);
  if (known !== undefined) return known;
  const node = absentNode(id);
  const before = state.nodes.findIndex((other) => byNumber(id, other.id) < 0);
  state.nodes.splice(before === -1 ? state.nodes.length : before, 0, node);
  return node;
}

/** The order of nodes: `n2` before `n10`. */
export function byNumber(a: NodeId, b: NodeId): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

function absentNode(id: NodeId): NodeState {
  return {
    id,
    status: 'absent',
    statusSinceNs: 0,
    pid: null,
    port: null,
    incarnation: 0,
    role: 'follower',
    roleSinceNs: 0,
    term: 0,
    votedFor: null,
    leader: null,
    commit: 0,
    applied: 0,
    lastIndex: 0,
    lastHash: 0,
    durableIndex: 0,
    log: [],
    compacted: 0,
    snapshot: null,
    incoming: null,
    configuration: null,
    storageId: null,
    lease: null,
    transfer: null,
    votes: [],
    progress: {},
    electionDeadlineNs: null,
    lastSyncNs: null,
    error: null,
  };
}

const STATUS_AFTER_EXIT: Record<ExitReason, NodeStatus> = {
  killed: 'killed',
  stopped: 'stopped',
  failed: 'failed',
  crashed: 'failed',
};

type ProcessKind =
  'process-spawned' | 'process-ready' | 'process-exited' | 'process-paused' | 'process-resumed';

/** A dead node keeps the term, vote and log it was last seen with; its status says that it is dead. */
function reduceProcess(state: ClusterState, event: Extract<TraceEvent, { kind: ProcessKind }>): void {
  if (!isNode(event.node)) return;
  const node = nodeOrNew(state, event.node);
  switch (event.kind) {
    case 'process-spawned':
      node.incarnation = event.of;
      node.pid = event.pid;
      node.port = event.port ?? node.port;
      node.error = null;
      enterStatus(node, 'starting', event.atNs);
      break;
    case 'process-ready':
      if (event.of === node.incarnation && node.status === 'starting')
        enterStatus(node, 'running', event.atNs);
      break;
    case 'process-exited':
      if (event.of !== node.incarnation) break;
      node.pid = null;
      node.electionDeadlineNs = null;
      node.lease = null;
      node.transfer = null;
      node.incoming = null;
      node.error = event.error ?? null;
      enterStatus(node, STATUS_AFTER_EXIT[event.reason], event.atNs);
      break;
    case 'process-paused':
      if (node.status === 'running' || node.status === 'starting') enterStatus(node, 'paused', event.atNs);
      break;
    case 'process-resumed':
      if (node.status === 'paused') enterStatus(node, 'running', event.atNs);
      break;
  }
}

function enterStatus(node: NodeState, status: NodeStatus, atNs: number): void {
  if (node.status === status) return;
  node.status = status;
  node.statusSinceNs = atNs;
}

function reduceOperator(state: ClusterState, event: Extract<TraceEvent, { kind: 'operator' }>): void {
  if (event.refused !== undefined) return;
  const { kind, clients } = event.command as { kind?: unknown; clients?: unknown };
  if (kind === 'workload' && typeof clients === 'number') state.clients = clients;
}

function reduceNode(node: NodeState, event: TraceEvent): void {
  switch (event.kind) {
    case 'node-started':
      start(node, event);
      break;
    case 'node-stopped':
      if (node.status === 'running' || node.status === 'starting') enterStatus(node, 'stopped', event.atNs);
      break;
    case 'role':
      enterRole(node, event.to, event.term, event.atNs);
      break;
    case 'term':
      node.term = event.to;
      node.votedFor = null;
      break;
    case 'vote':
      node.term = event.term;
      node.votedFor = event.candidate;
      break;
    case 'leader':
      node.leader = event.leader;
      break;
    case 'tally':
      if (event.granted && !node.votes.includes(event.voter)) node.votes.push(event.voter);
      break;
    case 'append':
      cutLog(node, event.first);
      extendLog(node, event.first, event.last, event.term);
      node.lastHash = event.hash;
      break;
    case 'truncate':
      cutLog(node, event.first);
      node.lastHash = 0;
      break;
    case 'commit':
      node.commit = event.to;
      break;
    case 'apply':
      node.applied = event.to;
      break;
    case 'restore':
      node.applied = event.index;
      break;
    case 'progress': {
      const { peer, match, next, state, inFlight } = event;
      const sending = state === 'snapshot' ? (node.progress[peer]?.sending ?? null) : null;
      node.progress[peer] = { match, next, state, inFlight, sending };
      break;
    }
    case 'configuration':
      reduceConfiguration(node, event);
      break;
    case 'lease':
      reduceLease(node, event);
      break;
    case 'transfer':
      reduceTransfer(node, event);
      break;
    case 'snapshot':
      reduceSnapshot(node, event);
      break;
    case 'compact':
      shortenLog(node, event.to);
      break;
    case 'timer-armed':
      if (event.timer === 'election') node.electionDeadlineNs = event.deadlineNs;
      break;
    case 'timer-fired':
      if (event.timer === 'election') node.electionDeadlineNs = null;
      break;
    case 'persist-completed':
      node.durableIndex = event.lastIndex;
      node.lastSyncNs = event.tookNs;
      break;
    case 'refuse':
      node.error = event.reason;
      break;
    default:
      break;
  }
}

/** What an incarnation found on its disk; everything volatile begins anew (Figure 2). */
function start(node: NodeState, event: Extract<TraceEvent, { kind: 'node-started' }>): void {
  node.incarnation = event.incarnation;
  node.pid = event.pid;
  enterStatus(node, 'running', event.atNs);
  const { configuration } = event;
  node.role = configuration !== undefined && !isVoter(configuration, node.id) ? 'learner' : 'follower';
  node.roleSinceNs = event.atNs;
  node.term = event.term;
  node.votedFor = event.votedFor;
  node.leader = null;
  node.votes = [];
  node.progress = {};
  node.commit = event.applied;
  node.applied = event.applied;
  node.lastIndex = event.lastIndex;
  node.lastHash = 0;
  node.durableIndex = event.lastIndex;
  node.log = event.log.map(({ first, last, term }) => ({ first, last, term }));
  const [oldest] = event.log;
  node.compacted = oldest === undefined ? (event.snapshot?.index ?? 0) : oldest.first - 1;
  node.snapshot =
    event.snapshot === undefined ? null : { index: event.snapshot.index, term: event.snapshot.term };
  // On an empty disk it can only be the first one.
  const first = event.lastIndex === 0;
  node.configuration =
    configuration === undefined
      ? null
      : { configuration, index: first ? 0 : null, committed: first ? true : null };
  node.storageId = event.storageId ?? node.storageId;
  node.incoming = null;
  node.lease = null;
  node.transfer = null;
  node.electionDeadlineNs = null;
  node.error = null;
}

function enterRole(node: NodeState, role: Role, term: Term, atNs: number): void {
  node.role = role;
  node.roleSinceNs = atNs;
  node.term = term;
  node.progress = {};
  if (role !== 'leader') {
    node.lease = null;
    node.transfer = null;
  }
  if (role === 'leader') {
    node.leader = node.id;
    node.electionDeadlineNs = null;
  } else {
    node.votes = [];
    if (role === 'candidate' || role === 'pre-candidate') node.leader = null;
  }
}
