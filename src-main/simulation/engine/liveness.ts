import type { LogIndex, NodeId } from '../../consensus/replica.ts';
import type { Nanoseconds, TraceEvent } from '../../trace/model/events.ts';
import { eventId } from '../../trace/model/events.ts';
import type { StablePhase } from '../schedule/schedule.ts';
import type { RunFinding } from './finding.ts';

/**
 * What a stable phase promises: a commit within the bound, and then, once leadership has had time to settle, no change of leader.
 * Nothing is said where the majority is not there, and nothing of calm where somebody may rightly disturb.
 */
export class Liveness {
  #plan: StablePhase | undefined;
  #isCalm = false;
  #healthy: readonly NodeId[] = [];
  #committed: LogIndex = 0;
  #committedNs: Nanoseconds | undefined;
  #leader: string | undefined;

  begin(plan: StablePhase, healthy: readonly NodeId[], isCalm: boolean): void {
    this.#plan = plan;
    this.#healthy = healthy;
    this.#isCalm = isCalm;
  }

  /** When all that was promised has been seen, as far as is known now. */
  get endsNs(): Nanoseconds {
    if (this.#plan === undefined) return Infinity;
    const { atNs, commitWithinNs, settleNs, calmNs } = this.#plan;
    return this.#committedNs === undefined
      ? atNs + commitWithinNs
      : this.#committedNs + settleNs + (this.#isCalm ? calmNs : 0);
  }

  /** @returns what is wrong with it */
  feed(event: TraceEvent): RunFinding | undefined {
    if (event.kind === 'commit') this.#noteCommit(event.to, event.atNs);
    else if (event.kind === 'role' && event.to === 'leader') return this.#noteLeader(event);
    return undefined;
  }

  /** The run is over. @returns what is missing */
  finish(nowNs: Nanoseconds): RunFinding | undefined {
    const plan = this.#plan;
    if (plan === undefined || this.#committedNs !== undefined || nowNs < plan.atNs + plan.commitWithinNs)
      return undefined;
    return {
      rule: 'liveness',
      atNs: nowNs,
      text: `no commit within ${(plan.commitWithinNs / 1e6).toFixed(0)} ms, though ${this.#healthy.join(', ')} were healthy and connected`,
      events: [],
    };
  }

  #noteCommit(to: LogIndex, atNs: Nanoseconds): void {
    if (to <= this.#committed) return;
    this.#committed = to;
    if (this.#plan !== undefined) this.#committedNs ??= atNs;
  }

  #noteLeader(event: Extract<TraceEvent, { kind: 'role' }>): RunFinding | undefined {
    const before = this.#leader;
    this.#leader = event.source;
    if (this.#plan === undefined || this.#committedNs === undefined || !this.#isCalm) return undefined;
    if (event.atNs < this.#committedNs + this.#plan.settleNs) return undefined;
    return {
      rule: 'liveness',
      atNs: event.atNs,
      text: `${event.source} takes over from ${before ?? 'nobody'} in term ${event.term}, though ${this.#healthy.join(', ')} were healthy and connected and had a leader (${event.reason})`,
      events: [eventId(event)],
    };
  }
}
