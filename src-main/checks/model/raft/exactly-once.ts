import type { LogIndex, OperationId } from '../../../consensus/replica.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { UNKNOWN_TERM } from '../log-runs.ts';
import { RecentMap } from '../recent-map.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

interface AppliedRange {
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly skipped: readonly LogIndex[] | undefined;
  readonly at: EventRef;
}

interface AppliedOperation {
  readonly index: LogIndex;
  readonly at: EventRef;
}

const NONE: readonly LogIndex[] = [];

/**
 * Among committed entries of one operation at most one is applied, and the others are skipped; and what one node applies no other
 * skips, unless it had applied it before without keeping that in mind (dissertation §6.3).
 */
export class ExactlyOnce implements Rule {
  readonly id = 'exactly-once';
  checked = 0;
  readonly #watch: Watch;
  #ranges: AppliedRange[] = [];
  /** Up to here every entry was looked at, as the first node applied it. */
  #lookedAt: LogIndex = 0;
  /** A retry does not come later than as many others as are remembered. */
  readonly #operations = new RecentMap<OperationId, AppliedOperation>();
  /** Skipped where they were applied first: whoever applies one of these later must skip it too. */
  readonly #skipped: LogIndex[] = [];

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    apply: (event) => {
      const { from, to, skipped } = event;
      if (to <= this.#lookedAt && this.#skipped.length === 0 && skipped === undefined) return;
      this.#ranges.push({ from, to, skipped, at: refOf(event) });
      this.#watch.settleLater(this);
    },
    restore: (event) => this.#jump(event),
  };

  settle(): void {
    const ranges = this.#ranges;
    this.#ranges = [];
    for (const range of ranges) {
      this.#again(range);
      for (let index = Math.max(range.from, this.#lookedAt + 1); index <= range.to; index++)
        this.#first(index, range);
      this.#lookedAt = Math.max(this.#lookedAt, range.to);
    }
  }

  #first(index: LogIndex, { skipped = NONE, at }: AppliedRange): void {
    const id = this.#operationAt(index);
    if (id === undefined) return;
    this.checked++;
    if (skipped.includes(index)) this.#skipped.push(index);
    else this.#applied(id, index, at);
  }

  /** Another node applies what was looked at before: only what was skipped then, or is now, matters. */
  #again({ from, to, skipped = NONE, at }: AppliedRange): void {
    for (const index of skipped) if (index <= this.#lookedAt) this.#skippedAlone(index, at);
    for (let place = this.#skipped.length - 1; place >= 0; place--) {
      const index = this.#skipped[place] ?? 0;
      if (index < from) return;
      if (index > to || skipped.includes(index)) continue;
      const id = this.#operationAt(index);
      this.checked++;
      if (id !== undefined) this.#applied(id, index, at);
    }
  }

  #applied(id: OperationId, index: LogIndex, at: EventRef): void {
    const known = this.#operations.get(id);
    if (known === undefined) {
      this.#operations.set(id, { index, at });
      return;
    }
    if (known.index === index) return;
    const sentence = `operation ${id} was applied at entry ${known.index} and again at entry ${index} by ${at.source}`;
    this.#watch.findings.report(this.id, sentence, at, [known.at]);
  }

  #skippedAlone(index: LogIndex, at: EventRef): void {
    const id = this.#operationAt(index);
    const known = id === undefined ? undefined : this.#operations.get(id);
    this.checked++;
    if (id === undefined || known?.index !== index) return;
    const sentence = `${at.source} skipped operation ${id} at entry ${index} as a repetition, where ${known.at.source} applied it for the first time`;
    this.#watch.findings.report(this.id, sentence, at, [known.at]);
  }

  /** Which term stands at a committed index tells which of the entries created for that index counts. */
  #operationAt(index: LogIndex): OperationId | undefined {
    const { sequence, created } = this.#watch;
    const term = sequence.termAt(index);
    if (term <= UNKNOWN_TERM) return undefined;
    return created.entryAt(index, term)?.id;
  }

  /** Nobody that is watched applied what the snapshot brought. */
  #jump({ index }: EventOf<'restore'>): void {
    if (index > this.#lookedAt && this.#watch.sequence.lastIndex < index)
      this.#watch.unsure(this.id, `what stands before entry ${index}, which was restored, is not known`);
  }
}
