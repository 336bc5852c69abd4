/** What lies beside a trace while it is recorded. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { SampleRun, replicate, sampleHeader, startNode } from './sample-run.ts';

const MB = 1024 * 1024;
const WAL_BYTES_MAX = 2 * MB;
/** What the rounds that were held up write at once, at most. */
const ROUND_BYTES_MAX = 4 * MB;

let folder: string;
let file: string;
let run: SampleRun;
let index = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wal-'));
  file = join(folder, 'run.qlab');
  run = new SampleRun(folder);
  index = 0;
  run.at(0).record('lab', { kind: 'run-started', nodes: ['n1', 'n2', 'n3'] });
  for (const node of ['n1', 'n2', 'n3']) startNode(run.at(1), node, 1);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Another stretch of the run, about half a megabyte of trace. */
function goOn(): void {
  for (let more = 0; more < 40; more++) replicate(run.at(10 + 3 * ++index), 'n1', ['n2', 'n3'], 1, index);
}

function walBytes(): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

describe('the write-ahead log of a recording', () => {
  it('stays small however long the recording, and is given back when a reader lets go', async () => {
    const recording = TraceRecording.start(file, run.spoolFolder, sampleHeader(), {
      walBytesMax: WAL_BYTES_MAX,
    });
    let largest = 0;
    const record = (rounds: number): void => {
      for (let round = 0; round < rounds; round++) {
        goOn();
        recording.round();
        largest = Math.max(largest, walBytes());
      }
    };
    record(20);
    expect(recording.events).toBeGreaterThan(10_000);

    const reader = openDatabase(file, { readonly: true });
    reader.exec('BEGIN');
    const held = reader.prepare('SELECT count(*) FROM event').pluck();
    const before = held.get();
    record(20);
    const whileHeld = recording.events;
    record(5);
    expect(recording.events, 'the spools keep what comes now').toBe(whileHeld);
    expect(held.get()).toBe(before);
    reader.close();

    record(5);
    expect(recording.events).toBeGreaterThan(whileHeld);
    expect(largest).toBeLessThan(WAL_BYTES_MAX + ROUND_BYTES_MAX);
    run.close();
    await recording.close('complete', 'over');
    expect(recording.gaps).toBe(0);
    expect(recording.events).toBe(openEvents());
    expect(walBytes()).toBe(0);
  });
});

function openEvents(): unknown {
  const database = openDatabase(file, { readonly: true });
  const events = database.prepare('SELECT count(*) FROM event').pluck().get();
  database.close();
  return events;
}
