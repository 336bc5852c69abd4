import type { LogIndex, OperationId } from '../../../consensus/replica.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { NO_ENTRY, UNKNOWN_TERM } from '../log-runs.ts';
import { RecentMap } from '../recent-map.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

interface Acknowledgement {
  readonly operation: OperationId;
  readonly index: LogIndex;
  readonly at: EventRef;
  /** It was seen to stand there. */
  found: boolean;
}

/**
 * What a client was told to be written stands in the committed sequence where it was said to, compacted or not, and nothing else was
 * ever committed there. Judged at the end of the run.
 */
export class AcknowledgedNeverLost implements Rule {
  readonly id = 'acknowledged-never-lost';
  readonly hearsClients = true;
  checked = 0;
  readonly #watch: Watch;
  readonly #acknowledged = new RecentMap<LogIndex, Acknowledgement>((old) => this.#judge(old));
  #fresh: Acknowledgement[] = [];
  /** Reads under way. */
  readonly #reads = new Set<OperationId>();

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    invoke: (event) => {
      if (event.call === 'get') this.#reads.add(event.operation);
    },
    answer: (event) => {
      if (event.outcome === 'ok' && !this.#reads.has(event.operation)) this.#note(event);
    },
    complete: (event) => {
      if (!this.#reads.delete(event.operation) && event.outcome === 'ok') this.#note(event);
    },
  };

  settle(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const acknowledged of fresh) {
      const { index, operation } = acknowledged;
      const term = this.#watch.sequence.termAt(index);
      acknowledged.found = term > 0 && this.#watch.created.entryAt(index, term)?.id === operation;
    }
  }

  finish(): void {
    for (const acknowledged of this.#acknowledged.values()) this.#judge(acknowledged);
  }

  #note(at: EventOf<'answer'> | EventOf<'complete'>): void {
    const { operation, index, read } = at;
    // Where it says how a read was served, it had no entry of its own.
    if (index === undefined || read !== undefined) return;
    const known = this.#acknowledged.get(index);
    if (known !== undefined) {
      // The client's own word for what its node said before.
      if (known.operation === operation) return;
      const sentence = `operations ${known.operation} and ${operation} were both acknowledged as entry ${index}`;
      this.#watch.findings.report(this.id, sentence, at, [known.at]);
      return;
    }
    const acknowledged = { operation, index, at: refOf(at), found: false };
    this.#acknowledged.set(index, acknowledged);
    this.#fresh.push(acknowledged);
    this.#watch.settleLater(this);
  }

  #judge(acknowledged: Acknowledgement): void {
    this.checked++;
    const { operation, index, at, found } = acknowledged;
    const { sequence } = this.#watch;
    const term = sequence.termAt(index);
    const says = `operation ${operation} was acknowledged as entry ${index}`;
    if (term === NO_ENTRY) {
      if (this.#watch.hasGaps || sequence.hasMissed)
        this.#watch.unsure(this.id, `whether entry ${index} was committed is not known`);
      else this.#report(`${says}, but no entry after ${sequence.lastIndex} was ever committed`, at, []);
      return;
    }
    const other = sequence.conflicts.find((conflict) => conflict.index <= index && index <= conflict.to);
    if (other !== undefined) {
      const sentence = `${says}, where ${other.other.source} committed another entry, of term ${other.otherTerm} and not ${term}`;
      this.#report(sentence, at, [sequence.committedBy(index), other.other]);
    } else if (found || this.#stands(acknowledged, term, says)) this.#requireHeld(acknowledged, term, says);
  }

  /** @returns whether it is known to stand where it should */
  #stands({ operation, index, at }: Acknowledgement, term: number, says: string): boolean {
    const { sequence, created } = this.#watch;
    const creation = term === UNKNOWN_TERM ? undefined : created.creationOf(index, term);
    if (creation === undefined) {
      this.#watch.unsure(this.id, `which operation stands at entry ${index} is not known`);
      return false;
    }
    const id = creation.entries[index - creation.first]?.id;
    if (id === operation) return true;
    const stands = id === undefined ? 'an entry of no operation' : `operation ${id}`;
    const sentence = `${says}, where ${stands} of term ${term} is committed`;
    this.#report(sentence, at, [creation.by, sequence.committedBy(index)]);
    return false;
  }

  /** What is committed and nowhere any more is lost as well. */
  #requireHeld({ index, at }: Acknowledgement, term: number, says: string): void {
    if (this.#watch.hasGaps) return;
    for (const node of this.#watch.cluster.nodes) {
      if (!node.known || node.log.holds(index, term) || node.disk.holds(index, term)) return;
    }
    this.#report(`${says} of term ${term}, which no node holds at the end`, at, []);
  }

  #report(sentence: string, at: EventRef, others: readonly (EventRef | undefined)[]): void {
    const last = others[others.length - 1];
    if (last === undefined || last.atNs < at.atNs) this.#watch.findings.report(this.id, sentence, at, others);
    else this.#watch.findings.report(this.id, sentence, last, [at, ...others]);
  }
}
