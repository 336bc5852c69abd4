/** What a rule is to those that feed it, and what it may look at. */
import type { EventHead, EventKind, Nanoseconds, TraceEvent } from '../../trace/model/events.ts';
import type { Cluster, NodeFacts } from './cluster.ts';
import type { CommittedSequence } from './committed-sequence.ts';
import type { CreatedEntries } from './created-entries.ts';
import type { Findings } from './finding.ts';
import type { RuleId } from './rule-book.ts';

export type EventOf<K extends EventKind> = Extract<TraceEvent, { readonly kind: K }>;

/** What is called for an event, by its kind. Kinds that are absent cost nothing. */
export type Handlers = { readonly [K in EventKind]?: (event: EventOf<K>) => void };

/** What the run was set up to promise. */
export interface ProtocolFacts {
  /** The state machine applies a retried operation once; without, `exactly-once` promises nothing and is left out. */
  readonly clientSessions: boolean;
}

export interface Rule {
  readonly id: RuleId;
  readonly on: Handlers;
  /** It looks at what clients said too, and not only at nodes. */
  readonly hearsClients?: true;
  /** How often it compared something. */
  readonly checked: number;
  /**
   * The moment at which it asked for this is over. Events of one moment come in the order of their sources' names, which says nothing
   * about causes, so whoever compares what different nodes said waits for its end.
   */
  settle?(): void;
  /** Nothing comes any more. `endNs` is the time up to which the run was watched. */
  finish?(endNs: Nanoseconds): void;
}

/** What has been folded from the events so far, the present one included, and where rules tell what they found. */
export interface Watch {
  readonly facts: ProtocolFacts;
  readonly cluster: Cluster;
  readonly sequence: CommittedSequence;
  readonly created: CreatedEntries;
  readonly findings: Findings;
  /** The event fed last. */
  readonly lastEvent: EventHead | undefined;
  /** Events of a node are missing. */
  readonly hasGaps: boolean;
  /** Calls `settle` of the rule when the present moment is over. */
  settleLater(rule: Rule): void;
  /** The rule could not look where it should have: what it did not find there may exist. The first reason stays. */
  unsure(rule: RuleId, reason: string): void;
}

/** Whether what is known of the node can be relied on; where not, the rule cannot say that it holds. */
export function isKnown(watch: Watch, rule: RuleId, node: NodeFacts): boolean {
  if (!node.known) watch.unsure(rule, `what ${node.id} had in its log is not known`);
  return node.known;
}
