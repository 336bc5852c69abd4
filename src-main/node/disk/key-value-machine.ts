import { mkdirSync } from 'node:fs';
import { KeyValueStore } from '../../consensus/kv/store.ts';
import type { AppliedEntry } from '../../consensus/kv/store.ts';
import type { Session } from '../../consensus/kv/sessions.ts';
import type { Entry, LogIndex } from '../../consensus/replica.ts';
import type { Machine, MachineResult } from '../host/ports.ts';
import { SnapshotFolder } from './snapshot-folder.ts';
import { StateFile } from './state-file.ts';

export interface KeyValueMachineOptions {
  /** The node's own folder; made if missing. */
  readonly folder: string;
  /** An operation that comes twice is applied once (dissertation §6.3). */
  readonly sessions: boolean;
  /** The entry of the snapshot that the log relies on; 0 without one. Its image is never removed. */
  readonly reliedOn: () => LogIndex;
}

/** What is applied reaches the file within this time: often enough for those who look, seldom enough to cost little. */
const storeMsMax = 200;

/**
 * The replicated key-value store of a node. Reads and writes go to the copy in memory; what was applied is stored in `state.db` a
 * little later, many entries in one transaction, always together with the applied index, so a restart finds the two agreeing.
 */
export class KeyValueMachine implements Machine {
  readonly #store: KeyValueStore;
  readonly #file: StateFile;
  readonly #snapshots: SnapshotFolder;
  readonly #dirtyKeys = new Set<string>();
  readonly #dirtyClients = new Set<string>();
  /** Set while something applied is not stored. */
  #storing: NodeJS.Timeout | undefined;

  /**
   * Opens `state.db`. One that is behind the log's beginning, because a crash came between, gives way to the snapshot.
   * @throws DamagedDiskError when what is found cannot be trusted, or the snapshot that the log relies on is missing
   */
  constructor({ folder, sessions, reliedOn }: KeyValueMachineOptions) {
    mkdirSync(folder, { recursive: true });
    this.#store = new KeyValueStore(sessions);
    this.#snapshots = new SnapshotFolder(folder, reliedOn);
    const snapshot = reliedOn();
    // Needed for a follower some day, if not now: better to know at once.
    const image = snapshot === 0 ? undefined : this.#snapshots.read(snapshot);
    this.#file = new StateFile(folder);
    try {
      this.#store.load(this.#file.load());
      if (image !== undefined && this.#store.applied < snapshot) this.#replaceBy(snapshot, image);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get applied(): LogIndex {
    return this.#store.applied;
  }

  apply(entries: readonly Entry[]): readonly MachineResult[] {
    const results: MachineResult[] = [];
    for (const entry of entries) results.push(this.#noted(this.#store.apply(entry)));
    this.#storing ??= setTimeout(() => this.store(), storeMsMax);
    return results;
  }

  /** Stores what was applied, now. @throws when the disk refuses; memory is then ahead of the disk, and the process must end */
  store(): void {
    if (this.#storing === undefined) return;
    this.#forgetStoring();
    this.#file.store({
      applied: this.applied,
      pairs: this.#changedPairs(),
      sessions: this.#changedSessions(),
    });
    this.#forgetChanges();
  }

  read(data: string): MachineResult {
    return this.#store.read(data);
  }

  saveSnapshot(index: LogIndex): number {
    if (index !== this.applied)
      throw new Error(`a snapshot of entry ${index} is asked for, but the state is that of ${this.applied}`);
    return this.#snapshots.keep(index, [this.#store.image()]);
  }

  readChunk(
    index: LogIndex,
    offset: number,
    bytesMax: number,
  ): { readonly data: Uint8Array; readonly total: number } | undefined {
    return this.#snapshots.slice(index, offset, bytesMax);
  }

  keepSnapshot(index: LogIndex, parts: readonly Uint8Array[]): string | undefined {
    const trial = new KeyValueStore();
    const flaw = trial.restore(parts);
    if (flaw !== undefined) return flaw;
    if (trial.applied !== index) return `the image is that of entry ${trial.applied}, not of ${index}`;
    this.#snapshots.keep(index, parts);
    return undefined;
  }

  restoreSnapshot(index: LogIndex): number {
    const image = this.#snapshots.read(index);
    this.#replaceBy(index, image);
    return image.length;
  }

  close(): void {
    this.store();
    this.#file.close();
  }

  /** Ends it as a crash would: what is not stored is lost. */
  abandon(): void {
    this.#forgetStoring();
    this.#file.close();
  }

  /** Pairs, sessions and applied index change together, in memory and on disk. */
  #replaceBy(index: LogIndex, image: Uint8Array): void {
    const flaw = this.#store.restore([image]);
    if (flaw !== undefined) this.#snapshots.damaged(index, flaw);
    if (this.applied !== index) this.#snapshots.damaged(index, `it is that of entry ${this.applied}`);
    this.#forgetStoring();
    this.#forgetChanges();
    const { applied, pairs, sessions } = this.#store;
    this.#file.replace({ applied, pairs, sessions });
  }

  #noted({ result, repeated, writes, client, forgotten }: AppliedEntry): MachineResult {
    for (const { key } of writes) this.#dirtyKeys.add(key);
    if (client !== undefined) this.#dirtyClients.add(client);
    if (forgotten !== undefined) this.#dirtyClients.add(forgotten);
    return repeated === undefined ? result : { ...result, repeated };
  }

  *#changedPairs(): Iterable<readonly [string, string | null]> {
    for (const key of this.#dirtyKeys) yield [key, this.#store.pairs.get(key) ?? null];
  }

  *#changedSessions(): Iterable<readonly [string, Session | null]> {
    for (const client of this.#dirtyClients) yield [client, this.#store.sessionOf(client) ?? null];
  }

  #forgetStoring(): void {
    clearTimeout(this.#storing);
    this.#storing = undefined;
  }

  #forgetChanges(): void {
    this.#dirtyKeys.clear();
    this.#dirtyClients.clear();
  }
}
