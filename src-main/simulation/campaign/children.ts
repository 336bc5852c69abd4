/** Where the entry file of the simulation's worker threads is: the one place that knows sources from bundle. */
import { existsSync } from 'node:fs';
import path from 'node:path';

const runsFromSource = import.meta.filename.endsWith('.ts');

/** In the desktop build all entries lie side by side, chunks perhaps in a folder below. */
export function workerEntry(): string {
  if (runsFromSource) return path.join(import.meta.dirname, 'worker.ts');
  const beside = path.join(import.meta.dirname, 'simulation.js');
  return existsSync(beside) ? beside : path.resolve(import.meta.dirname, '..', 'simulation.js');
}
