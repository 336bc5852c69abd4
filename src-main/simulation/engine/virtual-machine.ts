import { KeyValueStore } from '../../consensus/kv/store.ts';
import type { Entry, LogIndex } from '../../consensus/replica.ts';
import type { Machine, MachineResult } from '../../node/host/ports.ts';
import type { VirtualDisk } from './virtual-disk.ts';

const IMAGES_KEPT = 2;

/** What of a state machine outlives an incarnation: the images, which are durable, and the state as it was stored. */
export class StoredState {
  readonly images = new Map<LogIndex, Uint8Array>();
  /** Stored together with its applied index, but not synced: a power loss takes it. */
  store: KeyValueStore;
  readonly #sessions: boolean;

  constructor(sessions: boolean) {
    this.#sessions = sessions;
    this.store = new KeyValueStore(sessions);
  }

  /** What a snapshot was to bring, and the process died before, is brought now. `index` is that of the one the log relies on. */
  catchUp(index: LogIndex): void {
    if (this.store.applied < index) this.loseStore(index);
  }

  /** Back to the image of `index`, or to nothing if that is 0: everything after it comes from the log again. */
  loseStore(index: LogIndex): void {
    this.store = new KeyValueStore(this.#sessions);
    const image = this.images.get(index);
    if (image !== undefined) this.store.restore([image]);
  }
}

/** The key-value store as the host's state machine, with images in memory. */
export class VirtualMachine implements Machine {
  readonly #stored: StoredState;
  readonly #disk: VirtualDisk;
  readonly #beforeApply: () => void;
  readonly #isHeld: () => boolean;

  /**
   * @param beforeApply may throw: the process dies there
   * @param isHeld entries wait for now
   */
  constructor(stored: StoredState, disk: VirtualDisk, beforeApply: () => void, isHeld: () => boolean) {
    this.#stored = stored;
    this.#disk = disk;
    this.#beforeApply = beforeApply;
    this.#isHeld = isHeld;
  }

  get applied(): LogIndex {
    return this.#stored.store.applied;
  }

  get busy(): boolean {
    return this.#isHeld();
  }

  apply(entries: readonly Entry[]): readonly MachineResult[] {
    this.#beforeApply();
    const { store } = this.#stored;
    return entries.map((entry) => {
      const { result, repeated } = store.apply(entry);
      return repeated === undefined ? result : { ...result, repeated };
    });
  }

  read(data: string): MachineResult {
    return this.#stored.store.read(data);
  }

  saveSnapshot(index: LogIndex): number {
    const image = this.#stored.store.image();
    this.#keep(index, image);
    return image.length;
  }

  readChunk(
    index: LogIndex,
    offset: number,
    bytesMax: number,
  ): { readonly data: Uint8Array; readonly total: number } | undefined {
    const image = this.#stored.images.get(index);
    if (image === undefined) return undefined;
    return { data: image.subarray(offset, offset + bytesMax), total: image.length };
  }

  keepSnapshot(index: LogIndex, parts: readonly Uint8Array[]): string | undefined {
    const flaw = new KeyValueStore().restore(parts);
    if (flaw === undefined) this.#keep(index, joined(parts));
    return flaw;
  }

  restoreSnapshot(index: LogIndex): number {
    const image = this.#stored.images.get(index);
    if (image === undefined) throw new Error(`there is no image of entry ${index} on this disk`);
    const flaw = this.#stored.store.restore([image]);
    if (flaw !== undefined) throw new Error(`the image of entry ${index} is damaged: ${flaw}`);
    return image.length;
  }

  /** Of those older than the one that the log relies on, few may be on their way to somebody; one not yet applied waits to be restored. */
  #keep(index: LogIndex, image: Uint8Array): void {
    const { images, store } = this.#stored;
    images.set(index, image);
    if (images.size <= IMAGES_KEPT) return;
    const oldest = Math.min(...images.keys());
    if (oldest < this.#disk.snapshotIndex && oldest <= store.applied) images.delete(oldest);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
