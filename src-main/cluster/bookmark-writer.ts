/** Has a writer process change the bookmarks of a saved trace. */
import type { BookmarkChange } from '../trace/model/queries.ts';
import type { FromWriter, ToWriter } from '../trace/protocol.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';

const WRITE_MS_MAX = 10_000;

/** Resolves once the change is on disk. Rejects with a sentence when it is not; the process is killed if it takes too long. */
export async function writeBookmark(
  traceFile: string,
  runId: string,
  change: BookmarkChange,
  reaper: Reaper,
): Promise<void> {
  const answers: FromWriter[] = [];
  const child = new Child<FromWriter, ToWriter>('writer', reaper, (message) => answers.push(message));
  child.send({ kind: 'bookmark', traceFile, runId, change });
  const exit = await child.leave(WRITE_MS_MAX);
  const [answer] = answers;
  if (answer?.kind === 'done') return;
  throw new Error(
    answer?.error ??
      exit.lastWords ??
      `The bookmark was not written to ${traceFile} within ${WRITE_MS_MAX / 1000} s. Try again.`,
  );
}
