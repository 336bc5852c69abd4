/**
 * What the turn loop asks of the world. A node process gives it real ones (monotonic clock, SQLite, TCP, spool); the
 * simulation gives it virtual ones. Nothing here speaks of one protocol.
 */
import type {
  Entry,
  LogIndex,
  Message,
  Milliseconds,
  NodeId,
  OperationId,
  Persist,
  ReadMode,
  Term,
} from '../../consensus/replica.ts';
import type { EventHead, EventId, EventPayload, Nanoseconds } from '../../trace/model/events.ts';

export interface Clock {
  /** The node's own clock. It may drift, step or freeze; the host never lets the replica see it decrease. */
  now(): Milliseconds;
  /** Call the host's `turn` at `at` on this clock, or soon after; replaces what was asked before; undefined: not at all. */
  alarm(at: Milliseconds | undefined): void;
  /** Call the host's `turn` soon, once, after what arrives together has arrived. */
  soon(): void;
}

/** Appends events to the trace. `SpoolWriter` is one. */
export interface Recorder {
  record(payload: EventPayload, step: number, cause?: EventId, atNs?: Nanoseconds): EventHead;
  /** When it returns, everything recorded so far outlives this process. */
  flush(): void;
  /** Nanoseconds since the run's start. */
  now(): Nanoseconds;
}

/** What the disk is known to hold, for the trace. */
export interface DurableFacts {
  readonly lastIndex: LogIndex;
  readonly term: Term;
  readonly votedFor: NodeId | null;
}

export interface Disk {
  /**
   * Makes the writes durable, in order, in one transaction, then calls `done`: at once, if the disk is synchronous.
   * Not called again before `done`. A write that fails is never reported done: it throws, and the node ends, because
   * a retry that succeeds proves nothing about what is durable.
   */
  write(batch: readonly Persist[], done: () => void): void;
  durable(): DurableFacts;
}

/** What running one entry gave. */
export interface MachineResult {
  readonly ok: boolean;
  readonly value: string | null;
  /** Why not, in words. */
  readonly reason?: string;
  /** Not `ok`, but perhaps it took effect before: the session has forgotten. */
  readonly uncertain?: true;
  /** The session had applied this operation before: nothing changed, and this is what it gave then (dissertation §6.3). */
  readonly repeated?: true;
}

/** The replicated state machine, and the images of its state that snapshots are made of. */
export interface Machine {
  readonly applied: LogIndex;
  /** It takes nothing new for now: what is committed waits. When that ends, whoever knows asks the clock for a turn. */
  readonly busy?: boolean;
  /** Runs the entries, in index order, and stores state and applied index in one transaction. One result an entry. */
  apply(entries: readonly Entry[]): readonly MachineResult[];
  /** Runs a command that changes nothing against the state as it stands here, however old that is. */
  read(data: string): MachineResult;
  /** Makes a durable image of the state as it stands. The same state gives the same bytes on every node. @returns its bytes */
  saveSnapshot(index: LogIndex): number;
  /** At most `bytesMax` bytes of the image of `index` from `offset` on; undefined if that image is not there any more. */
  readChunk(
    index: LogIndex,
    offset: number,
    bytesMax: number,
  ): { readonly data: Uint8Array; readonly total: number } | undefined;
  /** Stores an image that came from elsewhere, durably; the state stays as it is. @returns why it cannot be one, if so */
  keepSnapshot(index: LogIndex, parts: readonly Uint8Array[]): string | undefined;
  /** Replaces the state, and `applied`, by the image of `index`. @returns its bytes @throws if there is none */
  restoreSnapshot(index: LogIndex): number;
}

/** A message with the id of its `send` event: `message.from`, the sender's incarnation, the event's number. */
export interface Envelope {
  readonly incarnation: number;
  readonly seq: number;
  readonly message: Message;
}

/** A client's connection, opaque to the host. */
export interface ClientLink {
  /** The connection has ended: an answer would reach nobody. */
  readonly gone: boolean;
}

/** How a read is answered: by an entry in the log, as the protocol can without one, or from the local state at once, however old. */
export type ReadHow = 'log' | ReadMode | 'stale';

export interface Request {
  readonly operation: OperationId;
  /** The state machine's command as text. */
  readonly data: string;
  /** `log` for everything that is no read. */
  readonly read: ReadHow;
  readonly client: ClientLink;
  /** The client's `invoke` event. */
  readonly cause?: EventId;
}

/**
 * ok, fail: decided and applied at `index`; refused: certainly not applied, and `leader` may know better;
 * uncertain: it may still be applied.
 */
export interface Answer {
  readonly operation: OperationId;
  readonly outcome: 'ok' | 'fail' | 'refused' | 'uncertain';
  readonly value: string | null;
  readonly index: LogIndex | null;
  readonly leader: NodeId | null;
  readonly reason: string | null;
  /** How a read was served; `log` for everything else. */
  readonly read: ReadHow;
}

/** A message as it will go over the wire, but for its id. */
export interface Parcel {
  readonly bytes: number;
}

export interface Network<P extends Parcel = Parcel> {
  /** Puts a message into the form in which it travels; nothing leaves. */
  pack(message: Message): P;
  /** Takes a packed message for sending. Returns why it will never leave, if so. */
  send(parcel: P, envelope: Envelope): string | undefined;
  answer(client: ClientLink, answer: Answer): void;
  /** Everything taken leaves now, in one write a connection. */
  flush(): void;
}

/** Stands behind every inbound link and decides when, and whether, a message that arrived reaches the replica. */
export interface Door {
  /** Calls `deliver` now, later, more than once or never. */
  admit(envelope: Envelope, deliver: (envelope: Envelope) => void): void;
}

/** The door as it is while no fault acts on the link. */
export const openDoor: Door = {
  admit(envelope, deliver) {
    deliver(envelope);
  },
};
