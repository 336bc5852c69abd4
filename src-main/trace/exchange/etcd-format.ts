/**
 * A trace in the shape of etcd-io/raft's (`state_trace.go`): after what happened, what the node is like. Its nodes are numbers. What
 * etcd does not trace (PreVote, reads, handing over) is left out.
 */
import type { Configuration } from '../../consensus/replica.ts';
import type { MessageId, TraceEvent } from '../model/events.ts';
import { eventId } from '../model/events.ts';
import { initialState, reduce } from '../model/reducer.ts';
import type { ClusterState, NodeState } from '../model/state.ts';
import { ETCD_NONE, ETCD_ROLES, etcdIdOf } from './etcd-words.ts';
import type { EtcdLine, EtcdMessage } from './etcd-words.ts';
import type { TraceSource } from './exporting.ts';
import type { Output } from './output-file.ts';

type Send = Extract<TraceEvent, { kind: 'send' }>;

/** Sent and not yet taken in; older ones are taken for lost. */
const UNDER_WAY_MAX = 200_000;

export function writeEtcdFormat(from: TraceSource, output: Output): void {
  const state = initialState(from.header.nodes);
  const lines = new EtcdLines(state);
  const startedMs = Date.parse(from.header.startedAt);
  for (const event of from.events()) {
    for (const line of lines.of(event)) {
      // Nanoseconds do not fit into a double that also holds the seconds since 1970.
      const seconds = (BigInt(startedMs) * 1_000_000n + BigInt(event.atNs)).toString().padStart(10, '0');
      const ts = `${seconds.slice(0, -9)}.${seconds.slice(-9)}`;
      output.write(
        `{"level":"debug","ts":${ts},"msg":"trace","tag":"trace","event":${JSON.stringify(line)}}\n`,
      );
    }
  }
}

class EtcdLines {
  readonly #state: ClusterState;
  readonly #underWay = new Map<MessageId, EtcdMessage>();

  constructor(state: ClusterState) {
    this.#state = state;
  }

  /** The lines that the event stands behind, none for most. */
  of(event: TraceEvent): EtcdLine[] {
    reduce(this.#state, event);
    const node = this.#state.nodes.find(({ id }) => id === event.source);
    const nid = etcdIdOf(event.source);
    if (node === undefined || nid === undefined) return [];
    const line = (name: string, more: Partial<EtcdLine> = {}): EtcdLine => lineOf(name, nid, node, more);
    switch (event.kind) {
      case 'node-started':
        return [line('InitState')];
      case 'role':
        return roleName(event.to) === undefined ? [] : [line(roleName(event.to) ?? '')];
      case 'commit':
        return [line('Commit')];
      case 'persist-begun':
        return [line('Ready')];
      case 'append':
        return event.entries?.map(() => line('Replicate')) ?? [];
      case 'configuration':
        return event.stage === 'committed' || event.stage === 'restored'
          ? [line('ApplyConfChange', { prop: { cc: { newconf: idsOf(event.configuration.voters) } } })]
          : [];
      case 'send': {
        const msg = this.#sent(event);
        return msg === undefined ? [] : [line(`Send${eventName(msg.type)}`, { msg })];
      }
      case 'deliver': {
        const msg = this.#underWay.get(event.message);
        return msg === undefined ? [] : [line(`Receive${eventName(msg.type)}`, { msg })];
      }
      case 'drop':
        this.#underWay.delete(event.message);
        return [];
      default:
        return [];
    }
  }

  #sent(event: Send): EtcdMessage | undefined {
    const message = etcdMessage(event);
    if (message === undefined) return undefined;
    this.#underWay.set(eventId(event), message);
    if (this.#underWay.size > UNDER_WAY_MAX) this.#underWay.delete(this.#underWay.keys().next().value ?? '');
    return message;
  }
}

function lineOf(name: string, nid: string, node: NodeState, more: Partial<EtcdLine>): EtcdLine {
  const { term, votedFor, commit, role, lastIndex, configuration } = node;
  return {
    name,
    nid,
    state: { term, vote: (votedFor && etcdIdOf(votedFor)) ?? ETCD_NONE, commit },
    role: ETCD_ROLES[role],
    log: lastIndex,
    conf: confOf(configuration?.configuration),
    ...more,
  };
}

function confOf(configuration: Configuration | undefined): [string[], string[]] {
  return [idsOf(configuration?.voters ?? []), idsOf(configuration?.outgoing ?? [])];
}

function idsOf(nodes: readonly string[]): string[] {
  return nodes.map(etcdIdOf).filter((id) => id !== undefined);
}

function roleName(role: string): string | undefined {
  switch (role) {
    case 'leader':
      return 'BecomeLeader';
    case 'candidate':
      return 'BecomeCandidate';
    case 'follower':
    case 'learner':
      return 'BecomeFollower';
    default:
      return undefined;
  }
}

function eventName(type: string): string {
  switch (type) {
    case 'MsgVote':
      return 'RequestVoteRequest';
    case 'MsgVoteResp':
      return 'RequestVoteResponse';
    case 'MsgAppResp':
    case 'MsgHeartbeatResp':
      return 'AppendEntriesResponse';
    default:
      return 'AppendEntriesRequest';
  }
}

interface Body {
  readonly [field: string]: unknown;
}

/** undefined: etcd does not trace such a message. */
function etcdMessage({ source, to, type, term, body }: Send): EtcdMessage | undefined {
  const from = etcdIdOf(source);
  const target = etcdIdOf(to);
  if (from === undefined || target === undefined) return undefined;
  const fields = body as Body;
  const message = (name: string, more: Partial<EtcdMessage>): EtcdMessage => ({
    type: name,
    term,
    from,
    to: target,
    entries: 0,
    logTerm: 0,
    index: 0,
    commit: 0,
    vote: ETCD_NONE,
    reject: false,
    rejectHint: 0,
    ...more,
  });
  const heartbeat = String(fields['etcd']).startsWith('MsgHeartbeat');
  switch (type) {
    case 'RequestVote':
      return message('MsgVote', {
        index: natural(fields['lastLogIndex']),
        logTerm: natural(fields['lastLogTerm']),
      });
    case 'RequestVoteReply':
      return message('MsgVoteResp', { reject: fields['granted'] !== true });
    case 'AppendEntries':
      return message(heartbeat ? 'MsgHeartbeat' : 'MsgApp', {
        index: natural(fields['prevLogIndex']),
        logTerm: natural(fields['prevLogTerm']),
        entries: natural((fields['entries'] as Body | undefined)?.['count']),
        commit: natural(fields['leaderCommit']),
      });
    case 'AppendEntriesReply': {
      const reject = fields['success'] !== true;
      return message(heartbeat ? 'MsgHeartbeatResp' : 'MsgAppResp', {
        index: natural(reject ? fields['prevLogIndex'] : fields['matchIndex']),
        reject,
        rejectHint: reject ? natural(fields['conflictIndex']) : 0,
        logTerm: reject ? natural(fields['conflictTerm']) : 0,
      });
    }
    // The index of the snapshot stands where others have their number of entries.
    case 'InstallSnapshot':
      return message('MsgSnap', { entries: natural(fields['lastIndex']) });
    default:
      return undefined;
  }
}

function natural(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}
