/** Changing who takes part (§6; dissertation §4). A configuration is in force from the moment it is in the log. */
import type { Configuration, Entry, LogIndex, MembershipChange, NodeId } from '../replica.ts';
import {
  changeConfiguration,
  configurationText,
  isJoint,
  isMember,
  isRefused,
  isVoter,
  leaveJoint,
  membersOf,
  readConfiguration,
  type Changed,
} from './configuration.ts';
import { appendEntry, sayAppended } from './persistence.ts';
import { newProgress } from './progress.ts';
import { beginRound, sayProgress, sendHeartbeat, sendPending, startHeartbeats } from './replication.ts';
import { becomeFollower, stepDown } from './roles.ts';
import {
  configurationOf,
  mayVote,
  refuse,
  resetElectionTimer,
  whoLeads,
  type ConfigurationEntry,
  type RaftState,
} from './state.ts';

export function changeMembership(
  raft: RaftState,
  changes: readonly MembershipChange[],
  transition: 'auto' | 'simple' | 'joint' | 'joint-explicit',
): void {
  propose(raft, 'change-membership', () => changeConfiguration(configurationOf(raft), changes, transition));
}

export function leaveJointByHand(raft: RaftState): void {
  propose(raft, 'leave-joint', () => leaveJoint(configurationOf(raft)));
}

function propose(raft: RaftState, what: string, change: () => Changed): void {
  const refusal = refusalOfAny(raft);
  const changed: Changed = refusal === undefined ? change() : { refusal };
  if (isRefused(changed)) refuse(raft, what, raft.id, changed.refusal);
  else appendConfiguration(raft, changed.configuration);
}

function refusalOfAny(raft: RaftState): string | undefined {
  if (raft.role !== 'leader') return whoLeads(raft);
  if (raft.transfer !== null) return `the leadership is being handed to ${raft.transfer.to}`;
  return raft.rules.refusalOfChange(raft);
}

function appendConfiguration(raft: RaftState, configuration: Configuration): void {
  const index = raft.log.lastIndex + 1;
  const data = configurationText(configuration);
  const entry: Entry = { index, term: raft.term, kind: 'configuration', data };
  appendEntry(raft, entry);
  sayAppended(raft, index, [{ data }]);
  adoptAppended(raft, entry);
  for (const progress of raft.progress.values()) sendPending(raft, progress);
}

/** An entry has come into the log. */
export function adoptAppended(raft: RaftState, entry: Entry): void {
  if (entry.kind === 'configuration' && raft.rules.adoptsOnAppend) adopt(raft, entry);
}

/** Entries up to `index` have been applied: what adopting at apply would look like. */
export function adoptApplied(raft: RaftState, from: LogIndex, to: LogIndex): void {
  if (raft.rules.adoptsOnAppend) return;
  for (let index = Math.max(from, raft.log.start.index + 1); index <= to; index++) {
    const entry = raft.log.entryAt(index);
    const known = raft.configurations[raft.configurations.length - 1]!.index;
    if (entry.kind !== 'configuration' || index <= known) continue;
    adopt(raft, entry);
    settleCommittedConfiguration(raft);
  }
}

function adopt(raft: RaftState, { index, data }: Entry): void {
  const configuration = readConfiguration(data);
  if (raft.role === 'leader') forgetReplacedDisks(raft, configuration);
  raft.configurations.push({ index, configuration });
  raft.out.transitions.push({ kind: 'configuration', stage: 'adopted', index, configuration });
  enforce(raft, `the configuration of entry ${index}`);
}

/** Entries from `first` on were removed, and with them the configurations they brought. */
export function rollBackConfigurations(raft: RaftState, first: LogIndex): void {
  const { configurations } = raft;
  if (configurations[configurations.length - 1]!.index < first) return;
  while (configurations.length > 1 && configurations[configurations.length - 1]!.index >= first)
    configurations.pop();
  const { index, configuration } = configurations[configurations.length - 1]!;
  raft.out.transitions.push({ kind: 'configuration', stage: 'rolled-back', index, configuration });
  enforce(raft, `the configuration of entry ${index} is in force again`);
}

/** Replaces everything known by what a snapshot says. */
export function restoreConfiguration(raft: RaftState, entry: ConfigurationEntry): void {
  raft.configurations.splice(0, raft.configurations.length, entry);
  raft.out.transitions.push({ kind: 'configuration', stage: 'restored', ...entry });
  enforce(raft, `the configuration of the snapshot of ${entry.index}`);
}

/** The configuration that was in force at `index`, which is committed. */
export function configurationAt(raft: RaftState, index: LogIndex): Configuration {
  const { configurations } = raft;
  for (let at = configurations.length - 1; at > 0; at--) {
    if (configurations[at]!.index <= index) return configurations[at]!.configuration;
  }
  return configurations[0]!.configuration;
}

/** Roles, timers and the leader's progress follow what is in force now. */
function enforce(raft: RaftState, reason: string): void {
  if (raft.role === 'leader') {
    followMembers(raft);
    return;
  }
  const votes = mayVote(raft);
  if (raft.role === 'learner' ? votes : !votes) {
    becomeFollower(raft, reason);
    resetElectionTimer(raft);
  }
}

/** A member on another disk than before holds nothing of what it acknowledged. */
function forgetReplacedDisks(raft: RaftState, { storage }: Configuration): void {
  const before = configurationOf(raft).storage;
  for (const peer of raft.progress.keys()) {
    const replaced = before[peer] !== undefined && storage[peer] !== undefined;
    if (replaced && before[peer] !== storage[peer]) part(raft, peer);
  }
}

function part(raft: RaftState, peer: NodeId): void {
  raft.progress.delete(peer);
  raft.partedIn.set(peer, raft.round);
}

/**
 * Who comes back may come on another disk, and what it acknowledged on the one before may still be under way: only answers to rounds
 * that begin after it is back are its own.
 */
function firstRoundOf(raft: RaftState, peer: NodeId): number {
  const parted = raft.partedIn.get(peer);
  if (parted === undefined) return 0;
  if (raft.round === parted) beginRound(raft);
  return raft.round;
}

/** New members are sent to; those that are gone are told so first, in `settleCommittedConfiguration`. */
function followMembers(raft: RaftState): void {
  for (const peer of membersOf(configurationOf(raft))) {
    if (peer === raft.id || raft.progress.has(peer)) continue;
    const progress = newProgress(peer, raft.log.lastIndex, raft.now, firstRoundOf(raft, peer));
    raft.progress.set(peer, progress);
    sayProgress(raft, progress);
    if (!sendPending(raft, progress)) sendHeartbeat(raft, progress);
  }
  if (raft.deadline === undefined) startHeartbeats(raft);
}

/** The commit index rose from `from`: says which configurations are committed, and does what follows from it. */
export function noteConfigurationsCommitted(raft: RaftState, from: LogIndex): void {
  const { configurations, commitIndex } = raft;
  for (let at = 1; at < configurations.length; at++) {
    const { index, configuration } = configurations[at]!;
    if (index <= from || index > commitIndex) continue;
    raft.out.transitions.push({ kind: 'configuration', stage: 'committed', index, configuration });
  }
  settleCommittedConfiguration(raft);
}

/** The leader's duties once the configuration in force is committed: leave a joint one, part from those that are gone, or go. */
export function settleCommittedConfiguration(raft: RaftState): void {
  if (raft.role !== 'leader') return;
  const { index, configuration } = raft.configurations[raft.configurations.length - 1]!;
  if (index > raft.commitIndex) return;
  for (const progress of raft.progress.values()) {
    if (isMember(configuration, progress.peer)) continue;
    // One last message, which may tell it that it was removed.
    sendHeartbeat(raft, progress);
    part(raft, progress.peer);
  }
  if (isJoint(configuration)) {
    const mayLeave = configuration.autoLeave && raft.rules.refusalOfChange(raft) === undefined;
    const left = mayLeave ? leaveJoint(configuration) : undefined;
    if (left !== undefined && !isRefused(left)) appendConfiguration(raft, left.configuration);
  } else if (!isVoter(configuration, raft.id) && raft.options.stepDownOnRemoval) {
    stepDown(raft, `the configuration of entry ${index}, without a vote for ${raft.id}, is committed`);
  }
}
