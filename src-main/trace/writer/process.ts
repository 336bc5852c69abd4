/** What the writer process says and does. */
import type { FromWriter, ToWriter } from '../protocol.ts';
import { writeBookmark } from './write-bookmark.ts';

/** Serves one message of the parent process over IPC and leaves. */
export function writerProcess(): void {
  process.once('message', ({ traceFile, runId, change }: ToWriter) => {
    try {
      writeBookmark(traceFile, runId, change);
      say({ kind: 'done' });
    } catch (error) {
      say({ kind: 'refused', error: error instanceof Error ? error.message : String(error) });
    }
  });
  // Ctrl+C in a terminal reaches the whole group and is the parent's to handle.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
}

function say(message: FromWriter): void {
  if (process.send) process.send(message, () => process.exit(0));
  else process.exit(0);
}
