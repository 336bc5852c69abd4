import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogIndex } from '../../consensus/replica.ts';
import { DamagedDiskError, failedWrite } from './damage.ts';
import {
  readSnapshotFile,
  readSnapshotSlice,
  unfinishedSuffix,
  writeSnapshotFile,
  type Flaw,
} from './snapshot-file.ts';
import { syncFolder } from './sync-folder.ts';

const namePattern = /^snapshot-(\d+)\.bin$/;
const imagesKept = 2;
const snapshotRemedy =
  "The node was stopped, because entries that its log has let go of stand only there. Restore the node's folder from a copy made while it was stopped, or start the node with an empty folder and a new storage id, remove it from the cluster and add it again as a learner.";

/** The images of a node's state: `snapshot-<index>.bin` in its folder, the newest and the one before, and whichever the log relies on. */
export class SnapshotFolder {
  readonly #folder: string;
  readonly #reliedOn: () => LogIndex;
  /** Ascending. */
  readonly #indexes: LogIndex[] = [];
  /** Those whose whole image was found or made sound by this process. */
  readonly #sound = new Set<LogIndex>();

  /** @param reliedOn the entry of the snapshot that the log relies on; 0 without one */
  constructor(folder: string, reliedOn: () => LogIndex) {
    this.#folder = folder;
    this.#reliedOn = reliedOn;
    mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(folder)) {
      const index = Number(namePattern.exec(file)?.[1] ?? NaN);
      if (Number.isSafeInteger(index)) this.#indexes.push(index);
      // A crash came between: nobody was told of it.
      else if (file.endsWith(unfinishedSuffix)) rmSync(join(folder, file), { force: true });
    }
    this.#indexes.sort((left, right) => left - right);
  }

  /** Durable when it returns. @returns bytes of the image @throws when the disk refuses; the process must end then */
  keep(index: LogIndex, parts: readonly Uint8Array[]): number {
    const bytes = this.#write(index, parts);
    if (!this.#indexes.includes(index)) this.#indexes.push(index);
    this.#indexes.sort((left, right) => left - right);
    this.#sound.add(index);
    this.#removeOld();
    return bytes;
  }

  /** @throws DamagedDiskError when it is missing or not what was written */
  read(index: LogIndex): Buffer {
    const file = this.#fileOf(index);
    if (!existsSync(file)) this.#refuse(index, { place: 'byte 0', found: 'the file is missing' });
    const image = readSnapshotFile(file, index);
    if ('found' in image) return this.#refuse(index, image);
    this.#sound.add(index);
    return image;
  }

  /**
   * A part of the image; undefined if that has given way to newer ones.
   * @throws DamagedDiskError when it should be there and is not, or is not what was written
   */
  slice(
    index: LogIndex,
    offset: number,
    bytesMax: number,
  ): { readonly data: Uint8Array; readonly total: number } | undefined {
    if (!this.#indexes.includes(index) && index !== this.#reliedOn()) return undefined;
    // The first part vouches for the rest, or a follower would find the damage only at the end, again and again.
    if (!this.#sound.has(index)) this.read(index);
    const file = this.#fileOf(index);
    if (!existsSync(file)) this.#refuse(index, { place: 'byte 0', found: 'the file is missing' });
    const slice = readSnapshotSlice(file, index, offset, bytesMax);
    return 'found' in slice ? this.#refuse(index, slice) : slice;
  }

  damaged(index: LogIndex, found: string): never {
    return this.#refuse(index, { place: 'its image', found });
  }

  #write(index: LogIndex, parts: readonly Uint8Array[]): number {
    const file = this.#fileOf(index);
    try {
      const bytes = writeSnapshotFile(file, index, parts);
      syncFolder(this.#folder);
      return bytes;
    } catch (error) {
      throw failedWrite(file, error);
    }
  }

  #removeOld(): void {
    const { length } = this.#indexes;
    const reliedOn = this.#reliedOn();
    const old = this.#indexes
      .slice(0, Math.max(0, length - imagesKept))
      .filter((index) => index !== reliedOn);
    for (const index of old) {
      rmSync(this.#fileOf(index), { force: true });
      this.#indexes.splice(this.#indexes.indexOf(index), 1);
      this.#sound.delete(index);
    }
  }

  #fileOf(index: LogIndex): string {
    return join(this.#folder, `snapshot-${index}.bin`);
  }

  #refuse(index: LogIndex, { place, found }: Flaw): never {
    throw new DamagedDiskError(this.#fileOf(index), place, found, snapshotRemedy);
  }
}
