/**
 * The words of etcd-io/raft's traces (`state_trace.go`, built with the tag `with_tla`) and ours for them. A node is a number there
 * and `n` with the number here.
 */
import type { NodeId, Role } from '../../consensus/replica.ts';

export const ETCD_NONE = '0';

/** Role here -> there. A learner is a follower that does not vote. */
export const ETCD_ROLES: Readonly<Record<Role, string>> = {
  follower: 'StateFollower',
  learner: 'StateFollower',
  'pre-candidate': 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
};

export const ROLES_OF_ETCD: Readonly<Record<string, Role>> = {
  StateFollower: 'follower',
  StatePreCandidate: 'pre-candidate',
  StateCandidate: 'candidate',
  StateLeader: 'leader',
};

/** The message as it stands in a line. */
export interface EtcdMessage {
  readonly type: string;
  readonly term: number;
  readonly from: string;
  readonly to: string;
  readonly entries: number;
  readonly logTerm: number;
  readonly index: number;
  readonly commit: number;
  readonly vote: string;
  readonly reject: boolean;
  readonly rejectHint: number;
}

export interface EtcdLine {
  readonly name: string;
  readonly nid: string;
  readonly state: { readonly term: number; readonly vote: string; readonly commit: number };
  readonly role: string;
  readonly log: number;
  readonly conf: readonly [readonly string[], readonly string[]];
  readonly msg?: EtcdMessage | undefined;
  readonly prop?: Readonly<Record<string, unknown>> | undefined;
}

export const ETCD_EVENTS: ReadonlySet<string> = new Set([
  'InitState',
  'BecomeCandidate',
  'BecomeFollower',
  'BecomeLeader',
  'Commit',
  'Replicate',
  'ChangeConf',
  'ApplyConfChange',
  'Ready',
  'SendAppendEntriesRequest',
  'ReceiveAppendEntriesRequest',
  'SendAppendEntriesResponse',
  'ReceiveAppendEntriesResponse',
  'SendRequestVoteRequest',
  'ReceiveRequestVoteRequest',
  'SendRequestVoteResponse',
  'ReceiveRequestVoteResponse',
  'SendSnapshot',
  'ReceiveSnapshot',
]);

/** Change of a member there -> here. */
export const CHANGES_OF_ETCD: Readonly<Record<string, 'add-voter' | 'add-learner' | 'remove'>> = {
  AddNewServer: 'add-voter',
  AddLearner: 'add-learner',
  RemoveServer: 'remove',
};

export function nodeOfEtcd(id: string): NodeId {
  return `n${id}`;
}

/** undefined for a process that is no node of a number. */
export function etcdIdOf(node: NodeId): string | undefined {
  return /^n([1-9]\d*)$/.exec(node)?.[1];
}

/** Type and body in our words; a message that etcd knows and we do not keeps its name. */
export function messageOfEtcd(message: EtcdMessage, termsAt: EntryTerms): { type: string; body: object } {
  const { type, entries, logTerm, index, commit, reject, rejectHint } = message;
  switch (type) {
    case 'MsgApp':
    case 'MsgHeartbeat': {
      const carried = entriesBody(index + 1, entries, termsAt);
      return {
        type: 'AppendEntries',
        body: {
          etcd: type,
          prevLogIndex: index,
          prevLogTerm: logTerm,
          entries: carried,
          leaderCommit: commit,
        },
      };
    }
    case 'MsgAppResp':
    case 'MsgHeartbeatResp': {
      const matchIndex = reject ? 0 : index;
      const refusal = reject ? { conflictIndex: rejectHint, conflictTerm: logTerm } : {};
      return {
        type: 'AppendEntriesReply',
        body: {
          etcd: type,
          success: !reject,
          // A heartbeat's answer says nothing of the log.
          prevLogIndex: type === 'MsgHeartbeatResp' || reject ? index : index - 1,
          matchIndex,
          ...refusal,
        },
      };
    }
    case 'MsgVote':
    case 'MsgPreVote':
      return {
        type: type === 'MsgVote' ? 'RequestVote' : 'PreVote',
        body: { etcd: type, lastLogIndex: index, lastLogTerm: logTerm },
      };
    case 'MsgVoteResp':
    case 'MsgPreVoteResp':
      return {
        type: type === 'MsgVoteResp' ? 'RequestVoteReply' : 'PreVoteReply',
        body: { etcd: type, granted: !reject },
      };
    // The index of the snapshot stands where others have their number of entries.
    case 'MsgSnap':
      return { type: 'InstallSnapshot', body: { etcd: type, lastIndex: entries } };
    case 'MsgTimeoutNow':
      return { type: 'TimeoutNow', body: { etcd: type } };
    default:
      return { type, body: { etcd: type, entries, logTerm, index, commit, reject } };
  }
}

/** The term of the sender's entry at an index, where it is known. */
export type EntryTerms = (index: number) => number | undefined;

function entriesBody(first: number, count: number, termAt: EntryTerms): object {
  if (count === 0) return { count: 0, first: null, last: null, terms: [] };
  const terms: { first: number; last: number; term: number }[] = [];
  for (let index = first; index < first + count; index++) {
    const term = termAt(index);
    if (term === undefined) continue;
    const run = terms[terms.length - 1];
    if (run?.term === term && run.last === index - 1) run.last = index;
    else terms.push({ first: index, last: index, term });
  }
  return { count, first, last: first + count - 1, terms };
}
