import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import { TraceRefused } from '../../../src-main/trace/reader/refusal.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { sampleHeader, writeSampleRun } from './sample-run.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'refused-'));
  file = join(folder, 'run.qlab');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function recordSample(): Promise<void> {
  const run = writeSampleRun(folder);
  run.close();
  await TraceRecording.start(file, run.spoolFolder, sampleHeader()).close('complete', 'over');
}

/** Changes a recorded trace with SQL, as somebody with bad intentions may. */
async function tamper(sql: string): Promise<void> {
  await recordSample();
  const database = openDatabase(file);
  database.exec(sql);
  database.close();
}

function refusal(path = file): string {
  try {
    openTrace(path).close();
  } catch (error) {
    expect(error).toBeInstanceOf(TraceRefused);
    return (error as Error).message;
  }
  throw new Error('the file was opened');
}

describe('a file that is no trace is refused with its name and a remedy:', () => {
  it('one that is missing', () => {
    expect(refusal()).toBe(`There is no file ${file}. Check its path, or choose another trace.`);
  });

  it('a folder', () => {
    mkdirSync(file);
    expect(refusal()).toMatch(/is a folder, not a trace\. Choose a trace/);
  });

  it('an empty one', () => {
    writeFileSync(file, '');
    expect(refusal()).toMatch(/run\.qlab is empty\. Choose a trace/);
  });

  it('a text', () => {
    writeFileSync(file, 'Not a trace at all, but long enough to hold the head of one.'.repeat(10));
    expect(refusal()).toMatch(/run\.qlab is not a trace: it is no SQLite file\. Choose a trace/);
  });

  it('the database of something else', () => {
    const database = openDatabase(file);
    database.exec('CREATE TABLE event (id INTEGER)');
    database.close();
    expect(refusal()).toMatch(
      /run\.qlab is not a trace: it is an SQLite file of something else\. Choose a trace/,
    );
  });

  it('one of a later version', async () => {
    await tamper('PRAGMA user_version = 3');
    expect(refusal()).toMatch(
      /recorded by a later Quorum Lab \(trace version 3; this one reads 2\)\. Update Quorum Lab/,
    );
  });

  it('one that was cut short, wherever the cut is', async () => {
    await recordSample();
    const whole = readFileSync(file);
    for (const share of [0.9, 0.5, 0.1]) {
      writeFileSync(file, whole.subarray(0, Math.floor(whole.length * share)));
      expect(refusal()).toMatch(/run\.qlab is cut short: it has \d+ of \d+ bytes\. Copy it again/);
    }
    writeFileSync(file, whole.subarray(0, 50));
    expect(refusal()).toMatch(/run\.qlab is (cut short|damaged|not a trace)/);
  });

  it('one whose tables are not those of a trace', async () => {
    await tamper('DROP TABLE message');
    expect(refusal()).toMatch(/run\.qlab is damaged: its tables are not those of a trace\. Copy it again/);
  });

  it.each([
    'DROP TABLE event; CREATE VIEW event AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x FROM r',
    'CREATE TABLE extra (text)',
    'CREATE VIEW extra AS SELECT 1',
    'ALTER TABLE event ADD COLUMN extra GENERATED ALWAYS AS (hex(body)) VIRTUAL',
    'CREATE TRIGGER extra AFTER INSERT ON finding BEGIN DELETE FROM event; END',
    'CREATE INDEX extra ON event (abs(seq))',
    'CREATE VIRTUAL TABLE extra USING fts5 (text)',
    'DELETE FROM run',
    "UPDATE run SET run_id = '../../elsewhere'",
  ])('one in which something lies in wait (%s)', async (sql) => {
    await tamper(sql);
    expect(refusal()).toMatch(/run\.qlab is damaged: .*\. Copy it again/);
  });

  it('one with garbage for pages', async () => {
    await recordSample();
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 100);
    writeFileSync(file, bytes);
    expect(refusal()).toMatch(/run\.qlab is damaged: .*\. Copy it again/);
  });

  it('and nothing is left beside it', () => {
    writeFileSync(file, 'x'.repeat(1_000));
    refusal();
    expect(readdirSync(folder)).toEqual(['run.qlab']);
  });
});

describe('a trace', () => {
  it('whose events are damaged answers with an error instead of a lie, and goes on answering', async () => {
    await tamper(`UPDATE event SET body = '{"kind": broken' WHERE kind = 'commit'`);
    const trace = openTrace(file);
    expect(() => trace.query('stateAt', { atNs: 800e6 })).toThrow(
      /run\.qlab cannot answer "stateAt": event n1\/1\/\d+ is damaged; copy/,
    );
    expect(trace.query('info', {}).status).toBe('complete');
    trace.close();
  });

  it('with a circle of causes ends the chain', async () => {
    await tamper(`UPDATE event SET cause = 'lab/1/2' WHERE source = 'lab' AND seq = 1;
      UPDATE event SET cause = 'lab/1/1' WHERE source = 'lab' AND seq = 2`);
    const trace = openTrace(file);
    const { causes, effects } = trace.query('chain', { id: 'lab/1/1', limit: 100 });
    expect(causes.map((cause) => cause.id)).toEqual(['lab/1/2', 'lab/1/1']);
    expect(effects.map((effect) => effect.id)).toEqual(['lab/1/2']);
    trace.close();
  });
});
