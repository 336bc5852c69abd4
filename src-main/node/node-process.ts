import type { OperatorInput } from '../consensus/replica.ts';
import { createRaft } from '../consensus/raft/replica.ts';
import type { EventId } from '../trace/model/events.ts';
import { openSpool } from '../trace/spool/unrecorded.ts';
import type { Spool } from '../trace/spool/unrecorded.ts';
import { ProcessClock } from './clock.ts';
import { KeyValueMachine } from './disk/key-value-machine.ts';
import { LogStore } from './disk/log-store.ts';
import { Host } from './host/host.ts';
import { nodeStarted } from './node-started.ts';
import type { NodeStart, PeerAddress } from './protocol.ts';
import { randomStream } from './random.ts';
import { TcpNetwork } from './transport/tcp-network.ts';
import type { TcpParcel } from './transport/wire.ts';

/** Under this name the load process connects to the nodes. */
export const loadName = 'load';
const raftSpaces = ['meta', 'log', 'snapshot'];

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
      configuration,
      folder,
      storageId,
      spoolFolder,
      untraced,
      originNs,
      secret,
      options,
      seed,
      bug,
    } = start;
    this.#port = portOf(start);
    this.#recorder = openSpool({ folder: spoolFolder, source: id, incarnation, originNs }, untraced);
    const mayBeEmpty = incarnation === 1 || start.emptyDisk === true;
    this.#log = new LogStore({ folder, storageId, spaces: raftSpaces, node: id, mayBeEmpty });
    this.#machine = new KeyValueMachine({
      folder,
      sessions: options.clientSessions,
      reliedOn: () => this.#log.snapshotIndex,
    });
    this.#clock = new ProcessClock(() => this.#host.turn());
    const { applied } = this.#machine;
    const replica = createRaft({
      id,
      configuration,
      storageId,
      options,
      rows: this.#log.rows,
      applied,
      random: randomStream(seed),
      now: this.#clock.now(),
      ...(bug === undefined ? undefined : { bug }),
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
    this.#recorder.record(nodeStarted(process.pid, replica, this.#log.durable(), applied, storageId), 0);
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

  /** The address book has changed. */
  readdress(members: readonly PeerAddress[]): void {
    this.#network.readdress(members);
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
