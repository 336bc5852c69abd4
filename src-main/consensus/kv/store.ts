import { invariant } from '../invariant.ts';
import type { Entry, LogIndex } from '../replica.ts';
import { applyText } from './apply.ts';
import type { CommandResult, KeyWrite } from './apply.ts';
import { decodeImage, encodeImage } from './image.ts';
import type { Image } from './image.ts';
import { parseOperation, Sessions } from './sessions.ts';
import type { Session } from './sessions.ts';

/** What running one entry gave and changed. */
export interface AppliedEntry {
  readonly result: CommandResult;
  /** The session had applied this operation before: nothing changed, and `result` is what it gave then. */
  readonly repeated?: true;
  readonly writes: readonly KeyWrite[];
  /** The client whose session changed. */
  readonly client?: string;
  /** The client that was forgotten to make room. */
  readonly forgotten?: string;
}

const NO_WRITES: readonly KeyWrite[] = [];
const NOTHING: AppliedEntry = { result: { ok: true, value: null }, writes: NO_WRITES };

/**
 * The replicated state machine in memory: pairs, client sessions and the applied index. A node keeps it on disk beside, the
 * simulation does not; both run this one.
 */
export class KeyValueStore {
  readonly #pairs = new Map<string, string>();
  readonly #sessions = new Sessions();
  readonly #withSessions: boolean;
  readonly #get = (key: string): string | undefined => this.#pairs.get(key);
  #applied: LogIndex = 0;

  /** `sessions` off: an operation that comes twice is applied twice. */
  constructor(sessions = true) {
    this.#withSessions = sessions;
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  get pairs(): ReadonlyMap<string, string> {
    return this.#pairs;
  }

  /** In the order of their last use. */
  get sessions(): Iterable<Session> {
    return this.#sessions.all;
  }

  sessionOf(client: string): Session | undefined {
    return this.#sessions.of(client);
  }

  apply({ index, kind, data, id }: Entry): AppliedEntry {
    invariant(index === this.#applied + 1, 'entries are applied in order, each once');
    this.#applied = index;
    if (kind !== 'command') return NOTHING;
    const operation = this.#withSessions && id !== undefined ? parseOperation(id) : undefined;
    if (operation === undefined) return this.#run(data);
    const { client, number } = operation;
    const before = this.#sessions.recall(client, number, data);
    if (before !== undefined) {
      this.#sessions.touch(client, index);
      return { result: before, repeated: true, writes: NO_WRITES, client };
    }
    const { result, writes } = this.#run(data);
    // A write that took effect gives what its command says, and so does a get that found nothing.
    const asCommanded = result.ok && (writes.length > 0 || result.value === null);
    const forgotten = this.#sessions.remember(client, number, asCommanded ? null : result, index);
    return forgotten === undefined ? { result, writes, client } : { result, writes, client, forgotten };
  }

  /** Answers a get from the state as it stands. */
  read(data: string): CommandResult {
    const { result, writes } = applyText(this.#get, data);
    return writes.length === 0
      ? result
      : { ok: false, value: null, reason: 'only a get can be answered without agreement' };
  }

  /** The state as bytes, the same on every replica that has applied as much. */
  image(): Uint8Array {
    return encodeImage({ applied: this.#applied, pairs: this.#pairs, sessions: this.#sessions.all });
  }

  /** Replaces the state by that of an image. @returns in one sentence why the bytes are none; nothing has changed then */
  restore(parts: readonly Uint8Array[]): string | undefined {
    const image = decodeImage(parts);
    if (typeof image === 'string') return image;
    this.load(image);
    return undefined;
  }

  /** Takes over a state from elsewhere; sessions may come in any order. */
  load({ applied, pairs, sessions }: Image): void {
    this.#pairs.clear();
    for (const [key, value] of pairs) this.#pairs.set(key, value);
    this.#sessions.load(sessions);
    this.#applied = applied;
  }

  #run(data: string): { result: CommandResult; writes: readonly KeyWrite[] } {
    const outcome = applyText(this.#get, data);
    for (const { key, value } of outcome.writes) {
      if (value === null) this.#pairs.delete(key);
      else this.#pairs.set(key, value);
    }
    return outcome;
  }
}
