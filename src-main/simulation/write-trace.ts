/** Writes a simulated run as a trace file that opens like that of real processes: through spools, by the very recorder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TraceEvent } from '../trace/model/events.ts';
import { eventId } from '../trace/model/events.ts';
import type { RunHeader } from '../trace/protocol.ts';
import { TraceRecording } from '../trace/recorder/recording.ts';
import { SpoolWriter } from '../trace/spool/writer.ts';
import { openDatabase } from '../trace/sqlite.ts';
import type { RunFinding } from './engine/finding.ts';
import { runSchedule, type RunResult } from './run.ts';
import type { Schedule } from './schedule/schedule.ts';

/** Events that one frame of a spool takes. */
const FRAME_EVENTS = 1_000;

/** Runs the schedule once more, everything recorded. @throws with a sentence for the user when the file cannot be written */
export async function writeTrace(schedule: Schedule, file: string, header: RunHeader): Promise<RunResult> {
  const spoolFolder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-simulation-'));
  try {
    const spools = new Spools(spoolFolder);
    const result = runSchedule(schedule, (event) => spools.take(event));
    spools.close();
    const recording = TraceRecording.start(file, spoolFolder, header);
    await recording.close('complete', result.finding?.text ?? 'the schedule is over');
    if (result.finding !== undefined) writeFinding(file, result.finding);
    return result;
  } finally {
    rmSync(spoolFolder, { recursive: true, force: true });
  }
}

/** The spool files of every incarnation of every source. */
class Spools {
  readonly #folder: string;
  readonly #writers = new Map<string, { writer: SpoolWriter; waiting: number }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  take(event: TraceEvent): void {
    const { source, incarnation, seq, atNs, step, cause, ...payload } = event;
    const spool = this.#spool(source, incarnation);
    const head = spool.writer.record(payload, step, cause, atNs);
    if (head.seq !== seq) throw new Error(`${eventId(event)} would be spooled as number ${head.seq}`);
    if (++spool.waiting < FRAME_EVENTS) return;
    spool.waiting = 0;
    spool.writer.flush();
  }

  close(): void {
    for (const { writer } of this.#writers.values()) writer.close();
  }

  #spool(source: string, incarnation: number): { writer: SpoolWriter; waiting: number } {
    const name = `${source}/${incarnation}`;
    let spool = this.#writers.get(name);
    if (spool === undefined) {
      const writer = new SpoolWriter({ folder: this.#folder, source, incarnation, originNs: 0n });
      spool = { writer, waiting: 0 };
      this.#writers.set(name, spool);
    }
    return spool;
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
