import type { LogIndex, OperationId } from '../../../consensus/replica.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { ReplayedValues } from '../replayed-values.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

interface ReadUnderWay {
  readonly key: string;
  readonly stale: boolean;
  /** The newest entry that any client had been told of when it was invoked, and where. */
  readonly floor: LogIndex;
  readonly floorAt: EventRef | undefined;
  readonly invoked: EventRef;
}

interface Served {
  readonly operation: OperationId;
  readonly key: string;
  readonly index: LogIndex;
  readonly value: string | null;
  readonly how: string;
  readonly at: EventRef;
}

/**
 * A read through the log, by ReadIndex or by lease returns no older state than when it was invoked: it was served at an index that
 * is not below any that a client had been told of before, and with the value that the committed sequence gives the key there
 * (dissertation §6.4). A read that was asked for stale promises nothing.
 */
export class LeaseAndReadIndex implements Rule {
  readonly id = 'lease-and-read-index';
  readonly hearsClients = true;
  checked = 0;
  readonly #watch: Watch;
  readonly #values: ReplayedValues;
  readonly #reads = new Map<OperationId, ReadUnderWay>();
  #served: Served[] = [];
  #floor: LogIndex = 0;
  #floorAt: EventRef | undefined;

  constructor(watch: Watch) {
    this.#watch = watch;
    this.#values = new ReplayedValues(watch);
  }

  readonly on: Handlers = {
    invoke: (event) => {
      if (event.call !== 'get') return;
      const { key, operation, stale = false } = event;
      const invoked = refOf(event);
      this.#reads.set(operation, { key, stale, floor: this.#floor, floorAt: this.#floorAt, invoked });
    },
    complete: (event) => this.#complete(event),
  };

  settle(): void {
    const served = this.#served;
    this.#served = [];
    for (const read of served) this.#compareValue(read);
  }

  #complete(event: EventOf<'complete'>): void {
    const { operation, index } = event;
    const read = this.#reads.get(operation);
    this.#reads.delete(operation);
    if (index === undefined || read?.stale === true || event.read === 'stale') return;
    if (read !== undefined && event.outcome === 'ok') this.#compareIndex(event, index, read);
    if (index <= this.#floor) return;
    this.#floor = index;
    this.#floorAt = refOf(event);
  }

  #compareIndex(event: EventOf<'complete'>, index: LogIndex, read: ReadUnderWay): void {
    this.checked++;
    const { operation, value } = event;
    const { floor, floorAt, invoked, key } = read;
    const how = howServed(event);
    if (index < floor) {
      const sentence = `read ${operation} of ${key} ${how} returned the state of entry ${index}, though entry ${floor} had been acknowledged before it was invoked`;
      this.#watch.findings.report(this.id, sentence, event, [floorAt, invoked]);
      return;
    }
    if (value === undefined) return;
    this.#served.push({ operation, key, index, value, how, at: refOf(event) });
    this.#watch.settleLater(this);
  }

  #compareValue({ operation, key, index, value, how, at }: Served): void {
    const { sequence } = this.#watch;
    const expected = this.#values.valueAt(key, index);
    if (expected === undefined || expected === value) return;
    // A retried read through the log gives what it gave the first time.
    if (this.#values.isRepeated(operation, index)) return;
    const sentence = `read ${operation} of ${key} ${how} returned ${quoted(value)} at entry ${index}, where the committed sequence has ${quoted(expected)}`;
    this.#watch.findings.report(this.id, sentence, at, [sequence.committedBy(index)]);
  }
}

function howServed({ read, node }: EventOf<'complete'>): string {
  const by = node === undefined ? '' : ` at ${node}`;
  switch (read) {
    case 'lease':
      return `by lease${by}`;
    case 'read-index':
      return `by ReadIndex${by}`;
    default:
      return `through the log${by}`;
  }
}

function quoted(value: string | null): string {
  return value === null ? 'nothing' : `"${value}"`;
}
