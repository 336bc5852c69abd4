/**
 * A schedule is everything that a simulated run depends on, as data: options, nodes, what the world is like, what clients call, what
 * is done to the cluster when, and how the run ends. The same schedule gives the same trace, bit for bit.
 */
import type { NodeId } from '../../consensus/replica.ts';
import type { RaftOptions } from '../../consensus/raft/options.ts';
import type { ReadHow } from '../../node/host/ports.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';

export const SCHEDULE_FORMAT = 'quorum-lab-schedule';
export const SCHEDULE_VERSION = 1;

/**
 * A node by its name, or by its place when the action happens: `@0` is the leader (the first node, if there is none), `@1` the node after
 * it in the order of the first configuration, and so on, round and round.
 */
export type NodeRef = string;

/** How a directed link treats messages. */
export interface LinkQuality {
  readonly delayNs: { readonly min: Nanoseconds; readonly max: Nanoseconds };
  /** Share of messages lost, 0..1. */
  readonly loss: number;
  /** Share that arrives twice. */
  readonly duplicate: number;
  /** Share that takes up to ten times as long and may be overtaken. */
  readonly straggle: number;
}

/** What the world is like while no fault acts. */
export interface Environment {
  readonly links: LinkQuality;
  /** Of client to node and back. */
  readonly clientLinks: LinkQuality;
  /** How long a write takes; 0 to 0: it is durable at once. */
  readonly writeNs: { readonly min: Nanoseconds; readonly max: Nanoseconds };
  /** From something arriving to the turn that takes it in. */
  readonly turnNs: Nanoseconds;
  /** No clock runs faster or slower than real time by more than this share. */
  readonly drift: number;
}

export interface PlannedCall {
  /** Its id is `client/number`. */
  readonly number: number;
  /** After the client's call before, or the run's start. */
  readonly afterNs: Nanoseconds;
  /** A cas expects what the client last read or wrote under the key. */
  readonly call: 'put' | 'get' | 'delete' | 'cas';
  readonly key: string;
  /** Of a get. */
  readonly read: ReadHow;
  /** Asked first; the others are found by redirection. */
  readonly node?: NodeRef;
}

export interface ClientPlan {
  readonly id: string;
  readonly calls: readonly PlannedCall[];
  /** An attempt without an answer after this long is made again under the same id. */
  readonly attemptNs: Nanoseconds;
  readonly attemptsMax: number;
}

/**
 * Where in a turn a node dies: as it hands a message over, before a write, after one is durable and before that is known, before
 * entries are applied, as it answers a client.
 */
export type DeathPoint = 'send' | 'write' | 'written' | 'apply' | 'answer';

export type Change =
  | { readonly kind: 'add-voter' | 'add-learner'; readonly node: NodeRef }
  | { readonly kind: 'remove'; readonly node: NodeRef };

/** What an operator asks; whoever leads at that time is asked, or the node named. */
export type Command =
  | {
      readonly kind: 'change-membership';
      readonly changes: readonly Change[];
      readonly transition: 'auto' | 'simple' | 'joint' | 'joint-explicit';
    }
  | { readonly kind: 'leave-joint' }
  | { readonly kind: 'transfer-leadership'; readonly to: NodeRef }
  | { readonly kind: 'campaign' | 'snapshot' | 'forget-leader'; readonly node: NodeRef };

export type Action = { readonly atNs: Nanoseconds } & (
  | {
      readonly kind: 'partition';
      readonly shape: string;
      /** Directed links that carry nothing. */
      readonly cuts: readonly (readonly [from: NodeRef, to: NodeRef])[];
      readonly forNs: Nanoseconds;
    }
  | {
      readonly kind: 'links';
      readonly links: readonly (readonly [from: NodeRef, to: NodeRef])[];
      readonly quality: LinkQuality;
      readonly forNs: Nanoseconds;
    }
  | {
      readonly kind: 'kill';
      readonly node: NodeRef;
      /** The machine loses power: what was not synced is gone. */
      readonly power: boolean;
      /** The `nth` time from now that it comes there; at once, if not said. */
      readonly point?: DeathPoint;
      readonly nth?: number;
      readonly downNs: Nanoseconds;
    }
  /** It is killed and comes back on an empty disk. */
  | { readonly kind: 'wipe'; readonly node: NodeRef; readonly downNs: Nanoseconds }
  | { readonly kind: 'pause' | 'slow-apply'; readonly node: NodeRef; readonly forNs: Nanoseconds }
  | {
      readonly kind: 'slow-disk';
      readonly node: NodeRef;
      readonly writeNs: { readonly min: Nanoseconds; readonly max: Nanoseconds };
      readonly forNs: Nanoseconds;
    }
  | {
      readonly kind: 'clock';
      readonly node: NodeRef;
      /** Times real time; 0: it is frozen. */
      readonly rate: number;
      readonly stepMs: number;
      readonly forNs: Nanoseconds;
    }
  /** A node that is in no configuration comes up. */
  | { readonly kind: 'join'; readonly node: NodeId }
  | { readonly kind: 'operator'; readonly command: Command }
);

/** What becomes of the nodes outside the healthy majority. `bridge`: they reach some of it. */
export type Rest = 'crash' | 'cut' | 'bridge';

/** The end of a run: one connected majority is healthy from `atNs` on. */
export interface StablePhase {
  readonly atNs: Nanoseconds;
  readonly rest: readonly Rest[];
  /** Within this time there must be a commit. */
  readonly commitWithinNs: Nanoseconds;
  /** Within this time a commit must be followed by no change of leader for `calmNs`. */
  readonly settleWithinNs: Nanoseconds;
  readonly calmNs: Nanoseconds;
  /** Between two probing writes. */
  readonly probeNs: Nanoseconds;
}

export interface Schedule {
  readonly format: typeof SCHEDULE_FORMAT;
  readonly version: typeof SCHEDULE_VERSION;
  readonly seed: number;
  readonly protocol: 'raft';
  readonly bug: string | null;
  readonly options: RaftOptions;
  readonly voters: readonly NodeId[];
  readonly environment: Environment;
  readonly clients: readonly ClientPlan[];
  /** In order of time. */
  readonly actions: readonly Action[];
  readonly stable: StablePhase | null;
  /** The run ends here, if not before. */
  readonly untilNs: Nanoseconds;
}

/** What was scheduled: what is done to the cluster and what its clients call. */
export function scheduledEvents({ actions, clients }: Schedule): number {
  return actions.length + clients.reduce((calls, client) => calls + client.calls.length, 0);
}
