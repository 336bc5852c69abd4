/** The desktop's own log: JSON lines in the data root's logs folder, one file a day, a fortnight of them. */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import pino, { type Logger } from 'pino';

const PREFIX = 'desktop-';
const FILES_MAX = 14;

export function openLog(folder: string, now = new Date()): Logger {
  const today = `${PREFIX}${now.toISOString().slice(0, 10)}.log`;
  const kept = readdirSync(folder)
    .filter((name) => name.startsWith(PREFIX) && name !== today)
    .sort();
  for (const name of kept.slice(0, Math.max(0, kept.length - FILES_MAX + 1)))
    rmSync(path.join(folder, name), { force: true });
  return pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    // Written at once: the last line before a crash is the one that matters.
    pino.destination({ dest: path.join(folder, today), sync: true }),
  );
}
