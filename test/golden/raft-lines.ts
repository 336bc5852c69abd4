/** How messages, transitions, writes and states of Raft read in a golden transcript. */
import { describeConfiguration, readConfiguration } from '../../src-main/consensus/raft/configuration.ts';
import type { RaftLogView } from '../../src-main/consensus/raft/log.ts';
import type { RaftMessage } from '../../src-main/consensus/raft/messages.ts';
import type { Progress } from '../../src-main/consensus/raft/progress.ts';
import type { RaftReplica, RaftStatus } from '../../src-main/consensus/raft/replica.ts';
import type {
  Effects,
  Entry,
  Message,
  NodeId,
  Persist,
  Transition,
} from '../../src-main/consensus/replica.ts';

/** `3@2 "x"`: entry 3 of term 2. */
export function entryText({ index, term, kind, data }: Omit<Entry, 'id'>): string {
  const what =
    kind === 'command'
      ? `"${data}"`
      : kind === 'no-op'
        ? '(no-op)'
        : `[${describeConfiguration(readConfiguration(data))}]`;
  return `${index}@${term} ${what}`;
}

/** `n1 → n2  AppendEntries …`, without the nodes. */
export function messageText(unread: Message): string {
  const message = unread as RaftMessage;
  const { term, type } = message;
  const about = `${type} of term ${term}`;
  switch (message.type) {
    case 'AppendEntries': {
      const { prevLogIndex, prevLogTerm, entries, leaderCommit, round } = message.body;
      const what = entries.length === 0 ? 'heartbeat' : entries.map(entryText).join(', ');
      return `${about} after ${prevLogIndex}@${prevLogTerm}: ${what}; commit ${leaderCommit}, round ${round}`;
    }
    case 'AppendEntriesReply': {
      const { success, matchIndex, round, reason, conflictIndex } = message.body;
      if (success) return `${about}: match ${matchIndex}, round ${round}`;
      const hint = conflictIndex === undefined ? '' : `; go on at ${conflictIndex}`;
      return `${about}: refused, ${reason ?? 'no reason'}${hint}`;
    }
    case 'RequestVote':
    case 'PreVote': {
      const { lastLogIndex, lastLogTerm, transfer, priority, disk } = message.body;
      const more = [
        transfer === true ? ', the leader asks for it' : '',
        priority === undefined ? '' : `, priority ${priority}`,
        disk === undefined ? '' : `, to disk ${disk}`,
      ];
      return `${about}, log ${lastLogIndex}@${lastLogTerm}${more.join('')}`;
    }
    case 'RequestVoteReply':
    case 'PreVoteReply': {
      const { granted, reason } = message.body;
      return granted ? `${about}: granted` : `${about}: refused, ${reason ?? 'no reason'}`;
    }
    case 'TimeoutNow':
      return about;
    case 'InstallSnapshot': {
      const { lastIndex, lastTerm, offset, data, total } = message.body;
      return `${about}: snapshot ${lastIndex}@${lastTerm}, bytes ${offset}–${offset + data.length} of ${total}`;
    }
    case 'InstallSnapshotReply': {
      const { lastIndex, next, installed, reason } = message.body;
      if (installed) return `${about}: snapshot ${lastIndex} installed`;
      return `${about}: snapshot ${lastIndex}, ${reason === undefined ? '' : `refused, ${reason}; `}next byte ${next}`;
    }
    case 'ReadIndex':
      return `${about}: where may I read?`;
    case 'ReadIndexReply': {
      const { index, reason } = message.body;
      return index === null ? `${about}: refused, ${reason ?? 'no reason'}` : `${about}: read at ${index}`;
    }
  }
}

/** `term 2, vote n1; entries 3@2–4@2`. */
export function persistText({ deletes, puts }: Persist, log: RaftLogView): string {
  const parts: string[] = [];
  for (const { from, to } of deletes) parts.push(`the removal of ${rangeText(from, to)}`);
  for (const { space, value } of puts) {
    if (space === 'snapshot') parts.push(`snapshot ${(value as { index: number }).index}`);
  }
  const keys = puts.filter(({ space }) => space === 'log').map(({ key }) => key);
  const [first] = keys;
  const last = keys.at(-1);
  if (first !== undefined && last !== undefined)
    parts.push(first === last ? `entry ${first}@${log.termAt(first)}` : `entries ${rangeText(first, last)}`);
  for (const { space, value } of puts) {
    if (space !== 'meta') continue;
    const { term, votedFor } = value as { term: number; votedFor: string | null };
    parts.push(`term ${term}, ${votedFor === null ? 'no vote' : `vote ${votedFor}`}`);
  }
  return parts.join('; ');
}

export function rangeText(from: number, to: number): string {
  return from === to ? String(from) : `${from}–${to}`;
}

/** What changed, one line each; what a message of the same step says already, and timers, are left out. */
export function transitionTexts(effects: Effects, { log, status }: RaftReplica): string[] {
  const { transitions } = effects;
  const telling: Telling = {
    id: status.id,
    leads: status.role === 'leader',
    step: transitions,
    appended: ({ first, last }) => {
      const entries = Array.from({ length: last - first + 1 }, (_, at) => entryText(log.entryAt(first + at)));
      return entries.join(', ');
    },
  };
  const said = JSON.stringify([...effects.send, ...effects.sendAfterPersist, ...effects.replies]);
  const texts: string[] = [];
  for (let at = 0; at < transitions.length; at++) {
    const each = transitions[at]!;
    const text = transitionText(each, telling);
    if (text !== undefined && !(each.kind === 'refuse' && said.includes(JSON.stringify(each.reason))))
      texts.push(text);
  }
  return texts;
}

/** Whose transition it is and what it stands beside. */
export interface Telling {
  readonly id: NodeId;
  readonly leads: boolean;
  /** Everything that the same step has to say. */
  readonly step: readonly Told[];
  appended(each: Extract<Transition, { kind: 'append' }>): string;
}

/** As much of a transition as it takes to see that another one repeats it. */
interface Told {
  readonly kind: string;
  readonly reason?: unknown;
}

/** One line; undefined for what is left out. */
export function transitionText(each: Transition, { id, leads, step, appended }: Telling): string | undefined {
  switch (each.kind) {
    case 'term':
      return `term ${each.from} → ${each.to} (${each.reason})`;
    case 'role': {
      const known = step.some((other) => other.kind === 'term' && other.reason === each.reason);
      return `${each.from} → ${each.to}${known ? '' : ` (${each.reason})`}`;
    }
    case 'vote': {
      const known = step.some((other) => other.kind === 'term' && other.reason === each.reason);
      const whom = each.candidate === id ? 'itself' : each.candidate;
      return `votes for ${whom} in term ${each.term}${known ? '' : ` (${each.reason})`}`;
    }
    case 'leader':
      if (each.leader === id || (each.leader === null && step.some(({ kind }) => kind === 'role')))
        return undefined;
      return each.leader === null ? 'knows no leader any more' : `follows ${each.leader}`;
    case 'tally': {
      const what = `${each.pre === true ? 'pre-vote' : 'vote'} of ${each.voter === id ? 'its own' : each.voter}`;
      return `${each.granted ? '' : 'no '}${what}: ${each.votes} of ${each.needed} needed`;
    }
    case 'append':
      return `appends ${appended(each)}`;
    case 'truncate':
      return `removes ${rangeText(each.first, each.last)} (${each.reason})`;
    case 'commit':
      return `commits ${rangeText(each.from + 1, each.to)}`;
    case 'progress':
    case 'timer':
      return undefined;
    case 'configuration':
      return `configuration ${each.stage}: ${describeConfiguration(each.configuration)} (entry ${each.index})`;
    case 'lease':
      return each.held
        ? `holds the lease for ${Math.round(each.forMs)} ms more (${each.reason})`
        : `has no lease any more (${each.reason})`;
    case 'reads': {
      const whose = each.ids.length === 0 ? "a follower's read" : `read ${each.ids.join(' ')}`;
      if (each.stage === 'confirmed')
        return `${whose} may be served at ${each.atIndex} (${each.mode}${each.round === 0 ? '' : `, round ${each.round}`})`;
      return each.round === 0
        ? `${whose} waits ${leads ? 'for the first commit of this term' : "for the leader's answer"}`
        : `${whose} waits for round ${each.round}, to be served at ${each.atIndex}`;
    }
    case 'transfer':
      return each.stage === 'timeout-now'
        ? `transfer: tells ${each.to} to time out (${each.reason})`
        : `transfer to ${each.to} ${each.stage} (${each.reason})`;
    case 'snapshot':
      return snapshotText(each);
    case 'compact':
      return `log begins after ${each.to}@${each.term} now`;
    case 'refuse':
      return `refuses ${each.what}${each.peer === id ? '' : ` of ${each.peer}`}: ${each.reason}`;
  }
}

function snapshotText(each: Extract<Transition, { kind: 'snapshot' }>): string {
  const which = `snapshot ${each.index}@${each.term}`;
  const why = each.reason === undefined ? '' : ` (${each.reason})`;
  switch (each.stage) {
    case 'saved':
      return `saves ${which}, ${each.bytes} bytes`;
    case 'sending':
      return `sends ${which} to ${each.peer}`;
    case 'sent':
      return `${each.peer} has ${which}`;
    case 'receiving':
      return `has ${each.bytes} of ${each.total} bytes of ${which}`;
    case 'installed':
      return `installs ${which} in place of its log`;
    case 'abandoned':
      return `gives up ${which}${each.peer === undefined ? '' : ` for ${each.peer}`}${why}`;
  }
}

/** `leader of term 2, vote n1, log 4@2, commit 4, applied 4`. */
export function statusText(status: RaftStatus): string {
  const { role, term, votedFor, leader, runs, lastIndex, commitIndex, appliedIndex, snapshot } = status;
  const lastTerm = runs.at(-1)?.term ?? snapshot?.term ?? 0;
  const parts = [
    `${role} in term ${term}`,
    votedFor === null ? '' : `voted for ${votedFor}`,
    leader === null || leader === status.id ? '' : `follows ${leader}`,
    `log ${lastIndex}@${lastTerm}`,
    `commit ${commitIndex}`,
    appliedIndex === commitIndex ? '' : `applied ${appliedIndex}`,
    status.durableIndex === lastIndex ? '' : `on disk up to ${status.durableIndex}`,
    snapshot === null ? '' : `snapshot ${snapshot.index}@${snapshot.term}`,
    status.leaseHeld ? 'holds the lease' : '',
    status.transferTo === null ? '' : `hands over to ${status.transferTo}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export function progressText(progress: Readonly<Progress>, maxMessages: number): string {
  const { peer, state, match, next, inFlight, probeSent, sending } = progress;
  const window =
    inFlight.length === 0
      ? ''
      : `, ${inFlight.length} in flight${inFlight.length >= maxMessages ? ' (full)' : ''}`;
  const paused = state === 'probe' && probeSent ? ', waits for the answer' : '';
  const chunk = sending === null ? '' : `, snapshot ${sending.index} from byte ${sending.offset}`;
  return `${peer} ${state.padEnd(9)} match ${match}, next ${next}${window}${paused}${chunk}`;
}
