/**
 * The invariants of Raft as streaming checks over a trace: feed it the events of a run, live, simulated or saved, and it says which
 * rules hold. Pure.
 */
import { EVENT_KINDS } from '../../trace/model/events.ts';
import type {
  EventHead,
  EventKind,
  EventPayload,
  Nanoseconds,
  TraceEvent,
} from '../../trace/model/events.ts';
import { Cluster } from './cluster.ts';
import { CommittedSequence } from './committed-sequence.ts';
import { CreatedEntries } from './created-entries.ts';
import { Findings } from './finding.ts';
import type { Finding } from './finding.ts';
import { AcknowledgedNeverLost } from './raft/acknowledged-never-lost.ts';
import { CommittedIsDurable } from './raft/committed-is-durable.ts';
import { ConfigurationRule } from './raft/configuration.ts';
import { ElectionSafety } from './raft/election-safety.ts';
import { ExactlyOnce } from './raft/exactly-once.ts';
import { LeaderAppendOnly } from './raft/leader-append-only.ts';
import { LeaderCompleteness } from './raft/leader-completeness.ts';
import { LeaseAndReadIndex } from './raft/lease-and-read-index.ts';
import { Liveness } from './raft/liveness.ts';
import type { StablePhase } from './raft/liveness.ts';
import { LogMatching } from './raft/log-matching.ts';
import { Monotonic } from './raft/monotonic.ts';
import { StateMachineSafety } from './raft/state-machine-safety.ts';
import { VoteDurability } from './raft/vote-durability.ts';
import { RULE_IDS } from './rule-book.ts';
import type { RuleId } from './rule-book.ts';
import type { Handlers, ProtocolFacts, Rule, Watch } from './rule.ts';

export interface ChecksOptions {
  readonly facts: ProtocolFacts;
  /** Those to look at; absent: all that the facts promise, and `liveness` once a stable phase is named. */
  readonly rules?: readonly RuleId[];
}

/** unknown: it was not broken as far as could be seen, and not everything could be. It is never a pass. */
export type Verdict = 'holds' | 'violated' | 'unknown';

export interface RuleReport {
  readonly rule: RuleId;
  readonly verdict: Verdict;
  /** How often it compared something: a rule that compared nothing holds, and says little. */
  readonly checked: number;
  /** How often it was broken; of many, only the first are among the findings. */
  readonly violations: number;
  /** Why the verdict is unknown. */
  readonly reason?: string;
}

type Handler = (event: TraceEvent) => void;

/** @throws RangeError when a rule is asked for that the facts do not promise */
export function createChecks(options: ChecksOptions): Checks {
  return new Checks(options);
}

export class Checks {
  readonly #watch: Watched;
  readonly #rules: readonly Rule[];
  readonly #liveness: Liveness;
  #livenessAsked: boolean;
  readonly #handlers: ReadonlyMap<EventKind, readonly Handler[]>;
  /** The kinds of events that any rule looks at; all others may be kept from it. */
  readonly kinds: ReadonlySet<EventKind>;
  #finished = false;

  constructor({ facts, rules }: ChecksOptions) {
    if (rules?.includes('exactly-once') === true && !facts.clientSessions)
      throw new RangeError('The rule exactly-once needs client sessions, and they are off');
    this.#watch = new Watched(facts);
    this.#liveness = new Liveness(this.#watch);
    this.#livenessAsked = rules?.includes('liveness') === true;
    const wanted = new Set(rules ?? RULE_IDS.filter((id) => id !== 'exactly-once' || facts.clientSessions));
    this.#rules = [...safetyRules(this.#watch), this.#liveness].filter(({ id }) => wanted.has(id));
    const { cluster, sequence, created } = this.#watch;
    // What is folded comes first: rules see the state with the event in it.
    this.#handlers = tableOf([cluster, sequence, created, ...this.#rules].map(({ on }) => on));
    this.kinds = new Set<EventKind>([...this.#handlers.keys(), 'gap']);
  }

  /** In the order in which the events broke the rules. */
  get findings(): readonly Finding[] {
    return this.#watch.findings.all;
  }

  /** Whether any rule looks at such an event. Cheaper than feeding it, where the event would first have to be made. */
  wants(payload: EventPayload): boolean {
    if (!this.kinds.has(payload.kind)) return false;
    // Of messages, votes alone are evidence.
    return payload.kind !== 'send' || payload.type === 'RequestVoteReply';
  }

  /** In the order of (atNs, source, incarnation, seq), or in the order in which it happened. */
  feed(event: TraceEvent): void {
    const watch = this.#watch;
    if (watch.unsettled.length > 0 && event.atNs > (watch.lastEvent?.atNs ?? 0)) watch.settle();
    watch.lastEvent = event;
    const handlers = this.#handlers.get(event.kind);
    if (handlers !== undefined) {
      for (let at = 0; at < handlers.length; at++) handlers[at]?.(event);
    }
    if (event.kind === 'gap') this.#miss(event.of, event.fromSeq, event.toSeq);
  }

  /** Before the first event of the phase is fed. */
  stablePhase(phase: StablePhase): void {
    this.#livenessAsked = true;
    this.#liveness.begin(phase);
  }

  /** The run is over. @param endNs until when it was watched; absent: until the last event */
  finish(endNs?: Nanoseconds): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#watch.settle();
    const end = Math.max(endNs ?? 0, this.#watch.lastEvent?.atNs ?? 0);
    for (const rule of this.#rules) {
      if (rule !== this.#liveness || this.#livenessAsked) rule.finish?.(end);
    }
  }

  /** How every rule in play stands. Before `finish` the word on what is judged at the end is not spoken yet. */
  get reports(): readonly RuleReport[] {
    return this.#rules
      .filter((rule) => rule !== this.#liveness || this.#livenessAsked)
      .map((rule) => this.#report(rule));
  }

  #report({ id, checked }: Rule): RuleReport {
    const violations = this.#watch.findings.count(id);
    const reason = this.#watch.doubts.get(id);
    if (violations > 0) return { rule: id, verdict: 'violated', checked, violations };
    if (reason !== undefined) return { rule: id, verdict: 'unknown', checked, violations, reason };
    return { rule: id, verdict: 'holds', checked, violations };
  }

  /** What was not recorded may have broken any rule that listens to its source. */
  #miss(source: string, fromSeq: number, toSeq: number): void {
    if (source === 'lab' || source === 'recorder') return;
    const clients = source === 'load';
    if (!clients) this.#watch.hasGaps = true;
    const missing = fromSeq === toSeq ? `event ${fromSeq}` : `events ${fromSeq} to ${toSeq}`;
    for (const { id, hearsClients } of this.#rules) {
      if (!clients || hearsClients === true) this.#watch.unsure(id, `${missing} of ${source} are missing`);
    }
  }
}

class Watched implements Watch {
  readonly facts: ProtocolFacts;
  readonly cluster = new Cluster();
  readonly sequence = new CommittedSequence(this.cluster);
  readonly created = new CreatedEntries();
  readonly findings = new Findings();
  readonly doubts = new Map<RuleId, string>();
  readonly unsettled: Rule[] = [];
  lastEvent: EventHead | undefined;
  hasGaps = false;

  constructor(facts: ProtocolFacts) {
    this.facts = facts;
  }

  settleLater(rule: Rule): void {
    if (!this.unsettled.includes(rule)) this.unsettled.push(rule);
  }

  settle(): void {
    for (const rule of this.unsettled) rule.settle?.();
    this.unsettled.length = 0;
  }

  unsure(rule: RuleId, reason: string): void {
    if (!this.doubts.has(rule)) this.doubts.set(rule, reason);
  }
}

function safetyRules(watch: Watch): Rule[] {
  return [
    new ElectionSafety(watch),
    new LeaderAppendOnly(watch),
    new LogMatching(watch),
    new LeaderCompleteness(watch),
    new StateMachineSafety(watch),
    new Monotonic(watch),
    new VoteDurability(watch),
    new CommittedIsDurable(watch),
    new ConfigurationRule(watch),
    new ExactlyOnce(watch),
    new AcknowledgedNeverLost(watch),
    new LeaseAndReadIndex(watch),
  ];
}

/** Who is called for which kind of event. */
function tableOf(all: readonly Handlers[]): Map<EventKind, Handler[]> {
  const table = new Map<EventKind, Handler[]>();
  for (const kind of EVENT_KINDS) {
    const handlers: Handler[] = [];
    for (const on of all) {
      const handler = on[kind];
      // The table hands each handler events of its own kind alone.
      if (handler !== undefined) handlers.push(handler as Handler);
    }
    if (handlers.length > 0) table.set(kind, handlers);
  }
  return table;
}
