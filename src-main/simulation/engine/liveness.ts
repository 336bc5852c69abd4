import type { NodeId } from '../../consensus/replica.ts';
import type { Nanoseconds, TraceEvent } from '../../trace/model/events.ts';
import type { StablePhase } from '../schedule/schedule.ts';
import type { RunFinding } from './finding.ts';

/** Who writes during a stable phase. */
export const PROBE = 'probe';

/**
 * What a stable phase promises: a commit within a bound, and after it no change of leader, once elections that were under way are over:
 * within another bound leadership lasts as long as is asked. Where somebody may rightly disturb, the commit is all.
 */
export class Liveness {
  readonly #plan: StablePhase;
  readonly #healthy: string;
  readonly #isCalm: boolean;
  #leader: NodeId | undefined;
  #changes = 0;
  #committed = false;
  /** Since a write was committed under the leader that leads now. */
  #settledNs: Nanoseconds | undefined;

  constructor(plan: StablePhase, healthy: readonly NodeId[], isCalm: boolean) {
    this.#plan = plan;
    this.#healthy = healthy.join(', ');
    this.#isCalm = isCalm;
  }

  /** When everything promised will have been seen, or is overdue, as far as is known now. */
  get endsNs(): Nanoseconds {
    const { atNs, commitWithinNs, settleWithinNs, calmNs } = this.#plan;
    if (!this.#committed) return atNs + commitWithinNs;
    if (!this.#isCalm) return 0;
    return this.#settledNs === undefined ? atNs + settleWithinNs : this.#settledNs + calmNs;
  }

  feed(event: TraceEvent): void {
    if (event.kind === 'role' && event.to === 'leader') {
      this.#leader = event.source;
      this.#changes++;
      this.#settledNs = undefined;
    } else if (
      event.kind === 'complete' &&
      event.outcome === 'ok' &&
      event.operation.startsWith(`${PROBE}/`)
    ) {
      this.#committed = true;
      this.#settledNs ??= event.atNs;
    }
  }

  /** The run is over. @returns what is missing */
  finish(nowNs: Nanoseconds): RunFinding | undefined {
    const { atNs, commitWithinNs, settleWithinNs } = this.#plan;
    const whoever = `though ${this.#healthy} were healthy and connected`;
    if (!this.#committed && nowNs >= atNs + commitWithinNs)
      return liveness(nowNs, `no commit within ${inMs(commitWithinNs)}, ${whoever}`);
    const isRestless = this.#committed && this.#isCalm && this.#settledNs === undefined;
    if (!isRestless || nowNs < atNs + settleWithinNs) return undefined;
    const text = `${this.#changes} changes of leader within ${inMs(settleWithinNs)}, the last to ${this.#leader ?? 'nobody'}, ${whoever}`;
    return liveness(nowNs, text);
  }
}

function liveness(atNs: Nanoseconds, text: string): RunFinding {
  return { rule: 'liveness', atNs, text, events: [] };
}

function inMs(ns: Nanoseconds): string {
  return `${(ns / 1e6).toFixed(0)} ms`;
}
