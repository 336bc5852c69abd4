/** Where the entry files of the lab's child processes are: the one place that knows sources from bundle. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export type ChildKind = 'node' | 'load' | 'recorder' | 'reader' | 'writer' | 'exchange' | 'audit';

const SOURCES: Record<ChildKind, string> = {
  node: '../node/main.ts',
  load: '../node/client/main.ts',
  recorder: '../trace/recorder/main.ts',
  reader: '../trace/reader/main.ts',
  writer: '../trace/writer/main.ts',
  exchange: '../trace/exchange/main.ts',
  audit: '../node/audit/main.ts',
};

const runsFromSource = import.meta.filename.endsWith('.ts');

/** Absolute path of the file to fork. In the desktop build all entries lie side by side, chunks in a folder below. */
export function childEntry(kind: ChildKind): string {
  if (runsFromSource) return path.resolve(import.meta.dirname, SOURCES[kind]);
  const beside = path.join(import.meta.dirname, `${kind}.js`);
  return existsSync(beside) ? beside : path.resolve(import.meta.dirname, '..', `${kind}.js`);
}
