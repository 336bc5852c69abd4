/**
 * Folds events into the state of the cluster. Pure, and the same for the live view, replay, command line and grading, so
 * that they cannot disagree. Feed it in the order of (atNs, source, incarnation, seq).
 */
import type { LogIndex, NodeId, Role, Term } from '../../consensus/replica.ts';
import type { EventKind, ExitReason, TraceEvent } from './events.ts';
import type { ClusterState, LogRun, NodeState, NodeStatus } from './state.ts';

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
  'progress',
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

/** Changes `state` to what it is after `event` and returns it. An event of an unknown node changes only the time. */
export function reduce(state: ClusterState, event: TraceEvent): ClusterState {
  if (event.atNs > state.atNs) state.atNs = event.atNs;
  switch (event.kind) {
    case 'run-started':
      for (const id of event.nodes) if (!nodeOf(state, id)) state.nodes.push(absentNode(id));
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
      const node = nodeOf(state, event.source);
      if (node) reduceNode(node, event);
    }
  }
  return state;
}

function nodeOf(state: ClusterState, id: NodeId): NodeState | undefined {
  for (const node of state.nodes) if (node.id === id) return node;
  return undefined;
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
  const node = nodeOf(state, event.node);
  if (!node) return;
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
    case 'progress':
      node.progress[event.peer] = { match: event.match, next: event.next };
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
  node.role = 'follower';
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
  node.electionDeadlineNs = null;
  node.error = null;
}

function enterRole(node: NodeState, role: Role, term: Term, atNs: number): void {
  node.role = role;
  node.roleSinceNs = atNs;
  node.term = term;
  node.progress = {};
  if (role === 'leader') {
    node.leader = node.id;
    node.electionDeadlineNs = null;
  } else {
    node.votes = [];
    if (role === 'candidate') node.leader = null;
  }
}

/** Removes everything from `first` on. */
function cutLog(node: NodeState, first: LogIndex): void {
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

function extendLog(node: NodeState, first: LogIndex, last: LogIndex, term: Term): void {
  const run: LogRun | undefined = node.log[node.log.length - 1];
  if (run !== undefined && run.term === term && run.last === first - 1) run.last = last;
  else node.log.push({ first, last, term });
  node.lastIndex = last;
}
