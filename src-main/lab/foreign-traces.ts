/**
 * Traces that were recorded elsewhere. Each is taken into a private folder of the data root before anything of it is opened, so that
 * nothing is ever written beside the original and a later change of it changes nothing here.
 */
import {
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { copyFile, link, open, rename, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { RunId } from '../api/contract.ts';
import { checkBytes } from '../trace/reader/refusal.ts';
import { keepUpload } from './upload.ts';

/** Larger ones are linked where the file system cannot share blocks: copying them would take longer than anybody waits. */
const COPIED_BYTES_MAX = 2 * 2 ** 30;
const CHUNK_BYTES = 8 * 2 ** 20;
const COPY_TRIES = 3;
/** A recording that is looked for while it goes on is copied again when its write-ahead log was folded meanwhile. */
const WAL_HEAD_BYTES = 32;

export type CopyProgress = (bytes: number, ofBytes: number) => void;

/** A trace in the folder for what comes in; it is not yet known what it holds. */
export interface Incoming {
  readonly folder: string;
  readonly file: string;
}

export class ForeignTraces {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  fileOf(runId: RunId): string {
    return path.join(this.#folder, runId, 'run.qlab');
  }

  has(runId: RunId): boolean {
    return existsSync(this.fileOf(runId));
  }

  /** Takes in a file of this machine with its write-ahead log. @throws TraceRefused when it can be no trace */
  async take(original: string, progress: CopyProgress = () => undefined): Promise<Incoming> {
    checkBytes(original);
    return this.#incoming(async (file) => {
      for (let attempt = 1; ; attempt++) {
        const before = await stateOf(original);
        await this.#bring(original, file, progress);
        // Not a rollback journal: it may name other files of this machine, which SQLite would then remove.
        const wal = `${original}-wal`;
        if (statSync(wal, { throwIfNoEntry: false })?.isFile())
          await this.#bring(wal, `${file}-wal`, () => undefined, 'copied');
        const after = await stateOf(original);
        if (before === after || attempt === COPY_TRIES) return;
        rmSync(file, { force: true });
        rmSync(`${file}-wal`, { force: true });
      }
    });
  }

  /** Takes in what a window sends, as it comes. @throws when there is more of it than `bytesMax` */
  receive(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Incoming> {
    return this.#incoming(async (file) => {
      await keepUpload(file, chunks, bytesMax, 'trace');
      checkBytes(file);
    });
  }

  /** Gives it its place. What was there goes to `trash`: somebody may have written notes into it. */
  settle(incoming: Incoming, runId: RunId, trash: string): string {
    const place = path.dirname(this.fileOf(runId));
    if (existsSync(place)) {
      const trashed = path.join(trash, runId);
      rmSync(trashed, { recursive: true, force: true });
      renameSync(place, trashed);
    }
    renameSync(incoming.folder, place);
    return this.fileOf(runId);
  }

  discard(incoming: Incoming): void {
    rmSync(incoming.folder, { recursive: true, force: true });
  }

  /** The private file, sure to share nothing with the original. */
  async writable(runId: RunId): Promise<string> {
    const file = this.fileOf(runId);
    const stats = statSync(file);
    if (stats.nlink > 1) {
      const fresh = `${file}.own`;
      await copyInParts(file, fresh, () => undefined);
      await rename(fresh, file);
    }
    chmodSync(file, 0o600);
    return file;
  }

  /** Whether the original could still change what is shown. */
  isLinked(runId: RunId): boolean {
    return (statSync(this.fileOf(runId), { throwIfNoEntry: false })?.nlink ?? 1) > 1;
  }

  runs(): RunId[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder).filter((name) => !name.startsWith('incoming-') && this.has(name));
  }

  async #incoming(fill: (file: string) => Promise<void>): Promise<Incoming> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(path.join(this.#folder, 'incoming-'));
    const file = path.join(folder, 'run.qlab');
    try {
      await fill(file);
      return { folder, file };
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Shares the blocks where the file system can; else copies, and links only what is very large. */
  async #bring(from: string, to: string, progress: CopyProgress, how?: 'copied'): Promise<void> {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
      chmodSync(to, 0o600);
      return;
    } catch {
      rmSync(to, { force: true });
    }
    const { size } = statSync(from);
    if (size > COPIED_BYTES_MAX && how === undefined) {
      try {
        await link(from, to);
        return;
      } catch {
        // On another file system.
      }
    }
    const { bavail, bsize } = await statfs(this.#folder);
    if (size > bavail * bsize)
      throw new Error(
        `${from} has ${Math.ceil(size / 2 ** 20)} MiB, and ${this.#folder} has room for ${Math.floor((bavail * bsize) / 2 ** 20)} MiB. Make room, and open it again.`,
      );
    await copyInParts(from, to, progress);
  }
}

async function copyInParts(from: string, to: string, progress: CopyProgress): Promise<void> {
  // A pipe that took the file's place since it was looked at must not be waited for.
  const source = await open(from, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await source.stat();
    if (!stats.isFile()) throw new Error(`${from} is no file any more. Choose it again.`);
    const target = await open(to, 'wx', 0o600);
    try {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, stats.size)));
      let at = 0;
      while (at < stats.size) {
        const { bytesRead } = await source.read(chunk, 0, Math.min(chunk.length, stats.size - at), at);
        if (bytesRead === 0) break;
        await target.write(chunk, 0, bytesRead, at);
        at += bytesRead;
        progress(at, stats.size);
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Changes when a recorder folds its write-ahead log into the file; one that only appends to the log leaves it as it is. */
async function stateOf(file: string): Promise<string> {
  const { mtimeMs, size } = statSync(file);
  let head = '';
  // A pipe in its place would be waited for without end.
  if (statSync(`${file}-wal`, { throwIfNoEntry: false })?.isFile() !== true) return `${mtimeMs} ${size}`;
  try {
    const handle = await open(`${file}-wal`, 'r');
    try {
      head = (await handle.read(Buffer.alloc(WAL_HEAD_BYTES), 0, WAL_HEAD_BYTES, 0)).buffer.toString('hex');
    } finally {
      await handle.close();
    }
  } catch {
    // It has just gone.
  }
  return `${mtimeMs} ${size} ${head}`;
}
