import type { ChainHash, Entry, LogIndex, Message, Persist, PersistId } from '../../consensus/replica.ts';
import type { EventId } from '../../trace/model/events.ts';

/** A message that waits for every write asked for before it. */
export interface HeldMessage {
  readonly message: Message;
  readonly step: number;
  readonly cause: EventId | undefined;
}

/**
 * What changes the state machine and waits likewise, so that the state on disk is never ahead of the log on disk: committed
 * entries, or a snapshot to be restored.
 */
export type HeldChange =
  | {
      readonly kind: 'apply';
      readonly entries: readonly Entry[];
      /** Chain hash of the log at the last of them. */
      readonly hash: ChainHash;
      readonly cause: EventId | undefined;
    }
  | { readonly kind: 'restore'; readonly index: LogIndex; readonly cause: EventId | undefined };

export interface Batch {
  readonly persists: readonly Persist[];
  readonly ids: readonly PersistId[];
  readonly rows: number;
  /** Of the step that asked for the first of them. */
  readonly cause: EventId | undefined;
}

/** What waits until it can be held back no longer: `barrier` is the last write asked for before it. */
interface Held<T> {
  readonly barrier: PersistId;
  readonly what: T;
}

/** Which writes are asked for, under way and durable, and what waits for them. */
export class Writes {
  #queued: Persist[] = [];
  #cause: EventId | undefined;
  #writing = false;
  #lastAsked: PersistId = 0;
  #lastDurable: PersistId = 0;
  #messages: Held<HeldMessage>[] = [];
  #changes: Held<HeldChange>[] = [];

  ask(persist: Persist, cause: EventId | undefined): void {
    this.#queued.push(persist);
    this.#cause ??= cause;
    this.#lastAsked = persist.id;
  }

  holdMessage(message: HeldMessage): void {
    this.#messages.push({ barrier: this.#lastAsked, what: message });
  }

  holdChange(change: HeldChange): void {
    this.#changes.push({ barrier: this.#lastAsked, what: change });
  }

  /**
   * Whether something can be done now: nothing is being written, and something waits for that or for its own write.
   * `changes`: the state machine takes some.
   */
  canGoOn(changes: boolean): boolean {
    if (this.#writing) return false;
    return this.#queued.length + this.#messages.length > 0 || (changes && this.#changes.length > 0);
  }

  /** Everything asked for, to be written in one transaction; undefined if there is nothing, or a write is under way. */
  begin(): Batch | undefined {
    if (this.#writing || this.#queued.length === 0) return undefined;
    const persists = this.#queued;
    const cause = this.#cause;
    this.#queued = [];
    this.#cause = undefined;
    this.#writing = true;
    const ids: PersistId[] = [];
    let rows = 0;
    for (const { id, puts } of persists) {
      ids.push(id);
      rows += puts.length;
    }
    return { persists, ids, rows, cause };
  }

  /** The write under way has become durable. */
  completed({ ids }: Batch): void {
    this.#writing = false;
    this.#lastDurable = ids[ids.length - 1] ?? this.#lastDurable;
  }

  /** The messages that wait for nothing any more, in order. */
  takeMessages(): readonly HeldMessage[] {
    const free = this.#messages.filter(({ barrier }) => barrier <= this.#lastDurable);
    if (free.length > 0) this.#messages = this.#messages.filter(({ barrier }) => barrier > this.#lastDurable);
    return free.map(({ what }) => what);
  }

  /** The next change of the state machine, if it waits for nothing any more. */
  takeChange(): HeldChange | undefined {
    const next = this.#changes[0];
    if (next === undefined || next.barrier > this.#lastDurable) return undefined;
    this.#changes.shift();
    return next.what;
  }
}
