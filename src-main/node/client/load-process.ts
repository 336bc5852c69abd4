import type { NodeId } from '../../consensus/replica.ts';
import { openSpool } from '../../trace/spool/unrecorded.ts';
import type { Spool } from '../../trace/spool/unrecorded.ts';
import type { EventId } from '../../trace/model/events.ts';
import { loadName } from '../node-process.ts';
import type { CallResult, ClientCall, LoadStart, Measured, PeerAddress } from '../protocol.ts';
import { randomStream } from '../random.ts';
import { Meter } from './meter.ts';
import type { Completion, Operation } from './operation.ts';
import { ClientSession } from './session.ts';
import { Workload } from './workload.ts';
import type { WorkloadShape } from './workload.ts';

/** Operations of an incarnation are numbered from `incarnation × this` on, so that no id comes twice in a run. */
const numbersPerIncarnation = 1e9;

/** Every client of a run: the workload's and the console. */
export class LoadProcess {
  readonly #recorder: Spool;
  readonly #session: ClientSession;
  readonly #workload: Workload;
  #consoleNumber: number;

  constructor(start: LoadStart) {
    const { runId, incarnation, members, spoolFolder, untraced, originNs, secret, seed } = start;
    const { timeoutMs, reads, retries } = start;
    this.#recorder = openSpool({ folder: spoolFolder, source: loadName, incarnation, originNs }, untraced);
    const random = randomStream(seed);
    const self = { runId, secret, id: loadName, incarnation };
    const recorder = this.#recorder;
    this.#session = new ClientSession({ self, members, recorder, timeoutMs, reads, retries, random });
    this.#consoleNumber = Math.max(0, incarnation - 1) * numbersPerIncarnation;
    this.#workload = new Workload(this.#session, random, this.#consoleNumber + 1);
  }

  /** Connects to the nodes, as far as they can be reached. */
  async run(): Promise<void> {
    await this.#session.start();
  }

  /** The address book has changed. */
  readdress(members: readonly PeerAddress[]): void {
    this.#session.readdress(members);
  }

  workload(shape: WorkloadShape): void {
    this.#workload.set(shape);
  }

  /** Watches the workload for so long. A later measuring takes over from one under way, which then has less to tell. */
  measure(ms: number, done: (measured: Measured) => void): void {
    const meter = new Meter();
    this.#workload.meter = meter;
    setTimeout(() => {
      if (this.#workload.meter === meter) this.#workload.meter = undefined;
      done(meter.read());
    }, ms);
  }

  /** One operation of the console; a call that makes no sense fails at once, unrecorded. */
  call(call: ClientCall, node: NodeId | undefined, cause: EventId, done: (result: CallResult) => void): void {
    const id = `console/${++this.#consoleNumber}`;
    const startedMs = performance.now();
    const finish = ({ outcome, value, index, node: by, error }: Completion): void => {
      // What the console is told is on record by then.
      this.#recorder.flush();
      done({ operation: id, outcome, value, index, node: by, tookMs: performance.now() - startedMs, error });
    };
    try {
      const ended = (_operation: Operation, completion: Completion): void => finish(completion);
      this.#session.call(id, call, ended, node === undefined ? { cause } : { node, cause });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      finish({ outcome: 'fail', value: null, index: null, node: null, error: error.message, read: 'log' });
    }
  }

  /** Lets what is under way end, begins nothing new. */
  async stop(): Promise<void> {
    this.#workload.set({ clients: 0, keys: 1, valueBytes: 0, readRatio: 0 });
    await this.#session.settled();
    this.end();
  }

  /** At once. */
  end(): void {
    this.#session.end();
    this.#recorder.close();
  }
}
