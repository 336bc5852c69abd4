/** Has a recorder process take what the spools of a cut-off run still hold into its trace. */
import { existsSync, rmSync } from 'node:fs';
import type { FromRecorder, ToRecorder } from '../trace/protocol.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';

/** How many bytes still wait in the spools. */
export type FoldProgress = (backlogBytes: number) => void;

/** It says every second how far it is; opening a large trace and closing it are the longest it is silent. */
const SILENCE_MS_MAX = 120_000;

/**
 * Afterwards the trace is closed as truncated and the spools are gone. A trace that is being recorded, or that cannot be
 * folded, is left as it is: it opens all the same and says what it is.
 */
export async function foldCutOffTrace(
  traceFile: string,
  spoolFolder: string,
  reaper: Reaper,
  progress: FoldProgress = () => undefined,
): Promise<void> {
  if (!existsSync(spoolFolder)) return;
  let folded = false;
  let timer: NodeJS.Timeout | undefined;
  const child = new Child<FromRecorder, ToRecorder>('recorder', reaper, (message) => {
    hear();
    if (message.kind === 'closed') folded = true;
    else if (message.kind === 'closing') progress(message.backlogBytes);
  });
  const hear = () => {
    clearTimeout(timer);
    timer = setTimeout(() => child.signal('SIGKILL'), SILENCE_MS_MAX).unref();
  };
  hear();
  child.send({ kind: 'fold', traceFile, spoolFolder });
  await child.exited;
  clearTimeout(timer);
  if (folded) rmSync(spoolFolder, { recursive: true, force: true });
}
