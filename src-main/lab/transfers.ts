/** Exports and imports under way: each in a process of its own, watched by the windows, and ended by them if they like. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import type { ExportAnswer, MethodParams, Transfer } from '../api/contract.ts';
import { startExport, startImport } from '../cluster/exchange-process.ts';
import type { Errand } from '../cluster/exchange-process.ts';
import type { Reaper } from '../cluster/reaper.ts';
import { labVersion } from '../experiments/header.ts';
import type { ImportOutcome, Progress } from '../trace/exchange/protocol.ts';
import { exportName } from '../trace/model/exchange-formats.ts';
import type { DataRoot } from './data-root.ts';

/** More at once would only slow each other down. */
const TRANSFERS_MAX = 4;
const SQLITE_MAGIC = 'SQLite format 3\0';

interface Download {
  readonly folder: string;
  readonly name: string;
}

/** What is no trace by its name nor by its first bytes: to be imported, not opened. A file that cannot be read is left to be opened. */
export function isForeign(file: string): boolean {
  const head = Buffer.alloc(SQLITE_MAGIC.length);
  try {
    // A pipe would be waited for until somebody writes to it.
    if (!statSync(file).isFile()) return false;
    const fd = openSync(file, 'r');
    try {
      return isForeignHead(head.subarray(0, readSync(fd, head)), file);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** The same of its first bytes. */
export function isForeignHead(head: Buffer, name: string): boolean {
  return !/\.qlab$/i.test(name) && head.length > 0 && head.toString('latin1') !== SQLITE_MAGIC;
}

export class Transfers {
  readonly #root: DataRoot;
  readonly #reaper: Reaper;
  readonly #running = new Map<number, { transfer: Transfer; errand: Errand<unknown> }>();
  readonly #watchers = new Set<(transfers: Transfer[]) => void>();
  readonly #downloads = new Map<string, Download>();
  #count = 0;

  constructor(root: DataRoot, reaper: Reaper) {
    this.#root = root;
    this.#reaper = reaper;
  }

  /** To where the dialog says; without one, to where a browser can fetch it. null: the user chose nowhere. */
  async export(
    { format, table, redact }: MethodParams<'exportTrace'>,
    traceFile: string,
    title: string,
    saveDialog: ((name: string) => Promise<string | null>) | undefined,
  ): Promise<ExportAnswer | null> {
    const name = exportName(redact ? 'redacted trace' : title, format, table);
    const asked = { traceFile, format, redact, freshId: uuid(), ...(table === undefined ? {} : { table }) };
    const begin = (out: string) =>
      this.#run('export', path.basename(out), (tell) =>
        // A dialog has asked already whether a file may be replaced.
        startExport({ ...asked, out, force: true }, this.#reaper, tell),
      );
    if (saveDialog !== undefined) {
      const out = await saveDialog(name);
      if (out === null) return null;
      return { name: path.basename(out), ...(await begin(out)), download: null };
    }
    const folder = mkdtempSync(path.join(this.#root.folder, 'export-'));
    try {
      const outcome = await begin(path.join(folder, name));
      const ticket = randomBytes(16).toString('hex');
      this.#downloads.set(ticket, { folder, name });
      return { name, ...outcome, download: `/download/${ticket}` };
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  import(file: string, name: string, out: string): Promise<ImportOutcome> {
    const now = new Date().toISOString();
    const asked = { file, name, format: 'auto', out, force: false, freshId: uuid(), now } as const;
    return this.#run('import', name, (tell) =>
      startImport({ ...asked, labVersion: labVersion() }, this.#reaper, tell),
    );
  }

  takeDownload(address: string): { file: string; name: string; done(): void } | undefined {
    const ticket = /^\/download\/([0-9a-f]{32})$/.exec(address)?.[1] ?? '';
    const download = this.#downloads.get(ticket);
    if (download === undefined) return undefined;
    this.#downloads.delete(ticket);
    const { folder, name } = download;
    const done = (): void => rmSync(folder, { recursive: true, force: true });
    return { file: path.join(folder, name), name, done };
  }

  cancel(id: number): void {
    this.#running.get(id)?.errand.cancel();
  }

  /** Tells now, and whenever something changes. Returns what ends it. */
  watch(watcher: (transfers: Transfer[]) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#list());
    return () => this.#watchers.delete(watcher);
  }

  /** Ends what is under way and forgets what nobody fetched. */
  async close(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { errand } of running) errand.cancel();
    await Promise.allSettled(running.map(({ errand }) => errand.outcome));
    for (const { folder } of this.#downloads.values()) rmSync(folder, { recursive: true, force: true });
    this.#downloads.clear();
  }

  async #run<T>(
    kind: Transfer['kind'],
    name: string,
    begin: (tell: (at: Progress) => void) => Errand<T>,
  ): Promise<T> {
    if (this.#running.size >= TRANSFERS_MAX)
      throw new Error(
        `${TRANSFERS_MAX} exports and imports are under way. Wait for one of them, or cancel it.`,
      );
    const id = ++this.#count;
    const transfer: Transfer = { id, kind, name, phase: kind === 'export' ? 'writing' : 'reading', share: 0 };
    const errand = begin(({ phase, done, total }) => {
      transfer.phase = phase;
      transfer.share = total === 0 ? 1 : Math.min(1, done / total);
      this.#tell();
    });
    this.#running.set(id, { transfer, errand });
    this.#tell();
    try {
      return await errand.outcome;
    } finally {
      this.#running.delete(id);
      this.#tell();
    }
  }

  #list(): Transfer[] {
    return [...this.#running.values()].map(({ transfer }) => ({ ...transfer }));
  }

  #tell(): void {
    const list = this.#list();
    for (const watcher of this.#watchers) watcher(list);
  }
}
