import type { LogIndex, NodeId } from '../../../consensus/replica.ts';
import type { Nanoseconds } from '../../../trace/model/events.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import type { Handlers, Rule, Watch } from '../rule.ts';

/** From some moment on a connected majority stays healthy, and clients go on writing; the rest may be crashed, cut or bridged. */
export interface StablePhase {
  readonly fromNs: Nanoseconds;
  readonly healthy: readonly NodeId[];
  /** How long it may take until something new is committed, and until whoever leads then leads for good. */
  readonly boundNs: Nanoseconds;
  /** No other leader may rise after the bound: PreVote and CheckQuorum promise it, plain Raft does not. */
  readonly leaderMustStay: boolean;
}

/**
 * In the stable phase a healthy node commits something within the bound, and after the bound no leader rises among the healthy. A
 * commit counts if nobody had come as far before the phase: what was under way when it began proves nothing.
 */
export class Liveness implements Rule {
  readonly id = 'liveness';
  checked = 0;
  readonly #watch: Watch;
  #phase: StablePhase | undefined;
  #healthy: ReadonlySet<NodeId> = new Set();
  /** The highest commit index of any node before the phase. */
  #committedBefore: LogIndex = 0;
  #firstCommit: EventRef | undefined;
  #lastLeader: EventRef | undefined;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  /** To be called before the events of the phase are fed. */
  begin(phase: StablePhase): void {
    this.#phase = phase;
    this.#healthy = new Set(phase.healthy);
  }

  readonly on: Handlers = {
    commit: (event) => {
      const phase = this.#phase;
      if (phase === undefined || event.atNs < phase.fromNs) {
        if (event.to > this.#committedBefore) this.#committedBefore = event.to;
        return;
      }
      if (this.#firstCommit !== undefined || event.to <= this.#committedBefore) return;
      if (this.#healthy.has(event.source)) this.#firstCommit = refOf(event);
    },
    role: (event) => {
      if (event.to !== 'leader' || !this.#healthy.has(event.source)) return;
      const phase = this.#phase;
      if (phase === undefined) return;
      const before = this.#lastLeader;
      this.#lastLeader = refOf(event);
      const { fromNs, boundNs, leaderMustStay } = phase;
      if (!leaderMustStay || event.atNs <= fromNs + boundNs) return;
      this.checked++;
      const lateMs = milliseconds(event.atNs - fromNs);
      const sentence = `${event.source} became leader of term ${event.term} ${lateMs} ms into the stable phase, in which the leader had to stay after ${milliseconds(boundNs)} ms`;
      this.#watch.findings.report(this.id, sentence, event, [before]);
    },
  };

  finish(endNs: Nanoseconds): void {
    const phase = this.#phase;
    if (phase === undefined) {
      this.#watch.unsure(this.id, 'no stable phase was named');
      return;
    }
    const { fromNs, boundNs, healthy } = phase;
    const first = this.#firstCommit;
    if (first === undefined && endNs < fromNs + boundNs) {
      this.#watch.unsure(this.id, 'the run ended before the bound of the stable phase was over');
      return;
    }
    this.checked++;
    if (first !== undefined && first.atNs <= fromNs + boundNs) return;
    const committed =
      first === undefined ? 'nothing' : `something only ${milliseconds(first.atNs - fromNs)} ms into it`;
    const sentence = `the healthy majority ${healthy.join(' ')} committed ${committed}, but must have within ${milliseconds(boundNs)} ms of the stable phase`;
    const at = first ?? this.#watch.lastEvent;
    if (at !== undefined) this.#watch.findings.report(this.id, sentence, at, [this.#lastLeader]);
  }
}

function milliseconds(ns: Nanoseconds): number {
  return Math.round(ns / 1e6);
}
