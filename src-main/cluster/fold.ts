/** Has a recorder process take what the spools of a cut-off run still hold into its trace. */
import { existsSync, rmSync } from 'node:fs';
import type { FromRecorder, ToRecorder } from '../trace/protocol.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';

/**
 * Afterwards the trace is closed as truncated and the spools are gone. A trace that is being recorded, or that cannot be
 * folded, is left as it is: it opens all the same and says what it is.
 */
export async function foldCutOffTrace(traceFile: string, spoolFolder: string, reaper: Reaper): Promise<void> {
  if (!existsSync(spoolFolder)) return;
  let folded = false;
  const child = new Child<FromRecorder, ToRecorder>('recorder', reaper, (message) => {
    if (message.kind === 'closed') folded = true;
  });
  child.send({ kind: 'fold', traceFile, spoolFolder });
  await child.exited;
  if (folded) rmSync(spoolFolder, { recursive: true, force: true });
}
