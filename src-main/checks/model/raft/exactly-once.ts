import type { LogIndex, OperationId } from '../../../consensus/replica.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { UNKNOWN_TERM } from '../log-runs.ts';
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

/** Operations remembered: a retry does not come later than that many others. */
const OPERATIONS_MAX = 262_144;
const NONE: readonly LogIndex[] = [];

/** Among committed entries of one operation at most one is applied, and the others are skipped (dissertation §6.3). */
export class ExactlyOnce implements Rule {
  readonly id = 'exactly-once';
  checked = 0;
  readonly #watch: Watch;
  #ranges: AppliedRange[] = [];
  /** Up to here every entry was looked at, as the first node applied it. */
  #lookedAt: LogIndex = 0;
  readonly #operations = new Map<OperationId, AppliedOperation>();
  /** Skipped where they were applied first: whoever applies one of these later must skip it too. */
  readonly #skipped: LogIndex[] = [];

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    apply: (event) => {
      const { from, to, skipped } = event;
      if (to <= this.#lookedAt && this.#skipped.length === 0) return;
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

  /** Another node applies what was looked at before: only what was skipped then matters. */
  #again({ from, to, skipped = NONE, at }: AppliedRange): void {
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
      if (this.#operations.size > OPERATIONS_MAX) this.#forgetOldest();
      return;
    }
    if (known.index === index) return;
    const sentence = `operation ${id} was applied at entry ${known.index} and again at entry ${index} by ${at.source}`;
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

  #forgetOldest(): void {
    const [oldest] = this.#operations.keys();
    if (oldest !== undefined) this.#operations.delete(oldest);
  }
}
