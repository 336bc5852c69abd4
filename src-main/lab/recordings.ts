/**
 * Which runs are being recorded, by whom, and where their spools are. A recorder that dies is started again by its lab, so a trace was
 * cut off only once the lab is gone too; and a trace outside the data root does not say where its spools wait.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { RunId } from '../api/contract.ts';
import { foldCutOffTrace, type FoldProgress } from '../cluster/fold.ts';
import type { Reaper } from '../cluster/reaper.ts';
import { recorderAlive, recorderToken } from '../trace/recorder/liveness.ts';

const noteSchema = z.object({
  format: z.literal('quorum-lab/recording'),
  version: z.literal(1),
  runId: z.string(),
  traceFile: z.string(),
  /** Of the run: spools and disks. */
  folder: z.string(),
  /** The folder holds nothing that outlives the run, and goes once its spools are taken in. */
  temporary: z.boolean(),
  pid: z.number(),
  token: z.string(),
});
type Note = z.infer<typeof noteSchema>;

export class Recordings {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** This process records the run until the returned function is called. */
  begin(run: { runId: RunId; traceFile: string; folder: string; temporary: boolean }): () => void {
    const note: Note = {
      format: 'quorum-lab/recording',
      version: 1,
      ...run,
      traceFile: path.resolve(run.traceFile),
      folder: path.resolve(run.folder),
      pid: process.pid,
      token: recorderToken(),
    };
    mkdirSync(this.#folder, { recursive: true });
    const file = this.#fileOf(run.runId);
    writeFileSync(`${file}.new`, JSON.stringify(note));
    renameSync(`${file}.new`, file);
    return () => rmSync(file, { force: true });
  }

  /** Whether a lab that is alive records this run; its own included. */
  isRecorded(runId: RunId): boolean {
    const note = this.#read(this.#fileOf(runId));
    return note !== undefined && recorderAlive(note.pid, note.token);
  }

  /**
   * Takes in what the spools of this trace still hold when its lab is gone, and removes them. The trace is left as it is when it is
   * still being recorded, or when it cannot be done: it opens all the same and says what it is.
   */
  async finish(traceFile: string, reaper: Reaper, progress?: FoldProgress): Promise<void> {
    const absolute = path.resolve(traceFile);
    for (const name of this.#names()) {
      const file = path.join(this.#folder, name);
      const note = this.#read(file);
      if (note?.traceFile !== absolute || recorderAlive(note.pid, note.token)) continue;
      const spools = path.join(note.folder, 'spool');
      if (existsSync(traceFile)) await foldCutOffTrace(traceFile, spools, reaper, progress);
      if (existsSync(spools)) continue;
      if (note.temporary) rmSync(note.folder, { recursive: true, force: true });
      rmSync(file, { force: true });
    }
  }

  #fileOf(runId: RunId): string {
    return path.join(this.#folder, `${runId}.json`);
  }

  #names(): string[] {
    return existsSync(this.#folder) ? readdirSync(this.#folder).filter((name) => name.endsWith('.json')) : [];
  }

  #read(file: string): Note | undefined {
    try {
      return noteSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return undefined;
    }
  }
}
