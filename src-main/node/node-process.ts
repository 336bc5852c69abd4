import type { NodeId, OperatorInput, Row } from '../consensus/replica.ts';
import { createRaft } from '../consensus/raft/replica.ts';
import type { EventId, EventPayload } from '../trace/model/events.ts';
import { openSpool } from '../trace/spool/unrecorded.ts';
import type { Spool } from '../trace/spool/unrecorded.ts';
import { ProcessClock } from './clock.ts';
import { KeyValueMachine } from './disk/key-value-machine.ts';
import { LogStore } from './disk/log-store.ts';
import { Host } from './host/host.ts';
import type { DurableFacts } from './host/ports.ts';
import type { NodeStart } from './protocol.ts';
import { randomStream } from './random.ts';
import { TcpNetwork } from './transport/tcp-network.ts';
import type { TcpParcel } from './transport/wire.ts';

/** Under this name the load process connects to the nodes. */
export const loadName = 'load';
const raftSpaces = ['meta', 'log'];

/** One node with its real ports. */
export class NodeProcess {
  readonly #recorder: Spool;
  readonly #log: LogStore;
  readonly #machine: KeyValueMachine;
  readonly #network: TcpNetwork;
  readonly #clock: ProcessClock;
  readonly #host: Host<TcpParcel>;
  readonly #port: number;

  /** Opens the disk and records what it holds. @throws a sentence that names file, place and remedy */
  constructor(start: NodeStart) {
    const {
      runId,
      id,
      incarnation,
      members,
      folder,
      storageId,
      spoolFolder,
      untraced,
      originNs,
      secret,
      options,
      seed,
    } = start;
    this.#port = portOf(start);
    this.#recorder = openSpool({ folder: spoolFolder, source: id, incarnation, originNs }, untraced);
    this.#log = new LogStore({ folder, storageId, spaces: raftSpaces });
    this.#machine = new KeyValueMachine(folder);
    this.#clock = new ProcessClock(() => this.#host.turn());
    const { applied } = this.#machine;
    const replica = createRaft({
      id,
      voters: members.map((member) => member.id),
      options,
      rows: this.#log.rows,
      applied,
      random: randomStream(seed),
      now: this.#clock.now(),
    });
    const self = { runId, secret, id, incarnation };
    this.#network = new TcpNetwork({ self, members, clients: [loadName], recorder: this.#recorder });
    this.#host = new Host({
      replica,
      clock: this.#clock,
      disk: this.#log,
      network: this.#network,
      recorder: this.#recorder,
      machine: this.#machine,
    });
    this.#recorder.record(nodeStarted(this.#log.rows, this.#log.durable(), applied), 0);
  }

  /** Listens, connects and lets the replica's time run. @throws when the port is in use */
  async run(): Promise<void> {
    this.#recorder.flush();
    await this.#network.start(this.#port, this.#host);
    this.#host.start();
  }

  operator(command: OperatorInput, cause: EventId): void {
    this.#host.operator(command, cause);
  }

  /** Orderly: everything recorded, disks closed. */
  stop(reason: string): void {
    this.#clock.stop();
    this.#network.end(reason);
    this.#recorder.record({ kind: 'node-stopped', reason }, 0);
    this.#recorder.flush();
    this.#log.close();
    this.#machine.close();
    this.#recorder.close();
  }

  /** Keeps what was recorded, whatever state the rest is in. */
  rescue(): void {
    this.#clock.stop();
    this.#recorder.close();
  }
}

function portOf({ id, members }: NodeStart): number {
  const own = members.find((member) => member.id === id);
  if (own === undefined)
    throw new Error(`${id} is not among the members ${members.map((member) => member.id).join(', ')}`);
  return own.port;
}

interface LogRun {
  first: number;
  last: number;
  term: number;
}

function nodeStarted(rows: readonly Row[], facts: DurableFacts, applied: number): EventPayload {
  const { term, lastIndex } = facts;
  const votedFor: NodeId | null = facts.votedFor;
  return { kind: 'node-started', pid: process.pid, term, votedFor, lastIndex, applied, log: termRuns(rows) };
}

/** Runs of equal term in the log's rows, in index order. */
function termRuns(rows: readonly Row[]): LogRun[] {
  const runs: LogRun[] = [];
  for (const { space, key, value } of rows) {
    if (space !== 'log') continue;
    const { term } = value as { readonly term: number };
    const run = runs[runs.length - 1];
    if (run?.term === term) run.last = key;
    else runs.push({ first: key, last: key, term });
  }
  return runs;
}
