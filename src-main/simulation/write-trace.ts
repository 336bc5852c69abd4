/** Writes a simulated run as a trace file that opens like that of real processes: through spools, by the very recorder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunHeader } from '../trace/protocol.ts';
import { TraceRecording } from '../trace/recorder/recording.ts';
import { openDatabase } from '../trace/sqlite.ts';
import type { RunFinding } from './engine/finding.ts';
import { runSchedule, type RunResult } from './run.ts';
import type { Schedule } from './schedule/schedule.ts';
import { Spools } from './spools.ts';

/** Runs the schedule once more, everything recorded. @throws with a sentence for the user when the file cannot be written */
export async function writeTrace(schedule: Schedule, file: string, header: RunHeader): Promise<RunResult> {
  const spoolFolder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-simulation-'));
  try {
    const spools = new Spools(spoolFolder);
    const result = runSchedule(schedule, (event) => spools.take(event));
    spools.close();
    const recording = TraceRecording.make(file, spoolFolder, header);
    await recording.close('complete', result.finding?.text ?? 'the schedule is over');
    if (result.finding !== undefined) writeFinding(file, result.finding);
    return result;
  } finally {
    rmSync(spoolFolder, { recursive: true, force: true });
  }
}

function writeFinding(file: string, { rule, atNs, text, events }: RunFinding): void {
  const database = openDatabase(file);
  try {
    database
      .prepare('INSERT INTO finding (rule, at_ns, event, text, detail) VALUES (?, ?, ?, ?, ?)')
      .run(rule, atNs, events[events.length - 1] ?? null, text, JSON.stringify({ events }));
  } finally {
    database.close();
  }
}
