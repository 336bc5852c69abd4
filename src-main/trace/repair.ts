/** Finishes a trace whose recorder ended without closing it, from the spools of its run. */
import { setImmediate as breathe } from 'node:timers/promises';
import { CUT_OFF } from './reader/status.ts';
import { TraceRecording } from './recorder/recording.ts';

const TELL_MS = 250;

/**
 * Records what the spools hold beyond the trace and closes it as truncated. Every source of the run must have ended. A
 * trace that is complete stays as it is. `progress` is told now and then how much still waits.
 *
 * @throws when the trace is missing, is no trace, or is still being recorded
 */
export async function foldSpools(
  traceFile: string,
  spoolFolder: string,
  reason: string = CUT_OFF,
  progress: (backlogBytes: number) => void = () => undefined,
): Promise<{ events: number; gaps: number }> {
  const recording = TraceRecording.resume(traceFile, spoolFolder);
  let toldMs = performance.now();
  while (!recording.closed && !recording.round(true).caughtUp) {
    if (performance.now() - toldMs < TELL_MS) continue;
    toldMs = performance.now();
    progress(recording.backlogBytes);
    // What was told goes out only between two pieces of work.
    await breathe();
  }
  await recording.close('truncated', reason);
  return { events: recording.events, gaps: recording.gaps };
}
