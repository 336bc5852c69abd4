/** Finishes a trace whose recorder ended without closing it, from the spools of its run. */
import { CUT_OFF } from './reader/status.ts';
import { TraceRecording } from './recorder/recording.ts';

/**
 * Records what the spools hold beyond the trace and closes it as truncated. Every source of the run must have ended. A
 * trace that is complete stays as it is.
 *
 * @throws when the trace is missing, is no trace, or is still being recorded
 */
export async function foldSpools(
  traceFile: string,
  spoolFolder: string,
  reason: string = CUT_OFF,
): Promise<{ events: number; gaps: number }> {
  const recording = TraceRecording.resume(traceFile, spoolFolder);
  await recording.close('truncated', reason);
  return { events: recording.events, gaps: recording.gaps };
}
