import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { foldSpools } from '../../../src-main/trace/repair.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { MS, SampleRun, replicate, sampleHeader, startNode, writeSampleRun } from './sample-run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recorder-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const TABLES: Record<string, string> = {
  run: 'SELECT status, duration_ns, events, messages, operations, gaps, recorder_seq FROM run',
  event: 'SELECT source, incarnation, seq, at_ns, step, cause, kind, term, body FROM event ORDER BY 1, 2, 3',
  message:
    'SELECT id, sender, receiver, type, term, sent_ns, arrived_ns, delivered_ns, ended_ns, fate, reason, bytes, entries, granted, rank, span FROM message ORDER BY id',
  entry:
    'SELECT node, first, last, term, hash, from_ns, to_ns, commands FROM entry ORDER BY node, from_ns, first, to_ns',
  operation: 'SELECT * FROM (SELECT *, NULL AS key FROM operation) ORDER BY id',
  fault: 'SELECT id, type, targets, parameters, from_ns, to_ns, event FROM fault ORDER BY id',
  election: 'SELECT * FROM election ORDER BY number',
  density: 'SELECT * FROM density ORDER BY slot_ns, slot',
  lane: 'SELECT * FROM lane ORDER BY node, from_ns',
  operation_density:
    'SELECT slot_ns, slot, invoked, acknowledged, failed, unknown, max_ns, json(latencies) FROM operation_density ORDER BY slot_ns, slot',
  commit_density: 'SELECT * FROM commit_density ORDER BY slot_ns, slot',
  link_density: 'SELECT * FROM link_density ORDER BY slot_ns, slot',
  mark: 'SELECT * FROM mark ORDER BY slot_ns, slot, node, kind',
  objects: 'SELECT name, sql FROM sqlite_schema ORDER BY name',
  spool: 'SELECT * FROM spool ORDER BY file',
};

/** Everything that a trace says, whatever the order in which it was recorded. */
function contents(file: string): Record<string, unknown[]> {
  const database = openDatabase(file, { readonly: true });
  const all: Record<string, unknown[]> = {};
  for (const [table, sql] of Object.entries(TABLES)) {
    all[table] = database
      .prepare(sql)
      .all()
      .map((row) => ({ ...(row as object), key: 0 }));
  }
  database.close();
  const trace = openTrace(file);
  const states: unknown[] = [];
  for (let ms = 0; ms < 1_400; ms += 7) states.push(trace.query('stateAt', { atNs: ms * MS }));
  trace.close();
  return { ...all, states };
}

/** The sample run with enough operations behind it for several keyframes. */
function writeLongRun(into: string): SampleRun {
  const run = writeSampleRun(into);
  for (let index = 9; index <= 200; index++)
    replicate(run.at(800 + index * 2.5), 'n2', ['n1', 'n3'], 3, index);
  run.close();
  return run;
}

async function recordAtOnce(name: string, spoolFolder: string): Promise<string> {
  const file = join(folder, name);
  await TraceRecording.start(file, spoolFolder, sampleHeader()).close('complete', 'over');
  return file;
}

/** A small generator of reproducible draws in [0, bound). */
function draws(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

describe('a recording', () => {
  it('is one file without side files once it is closed', async () => {
    const run = writeSampleRun(folder);
    run.close();
    const file = await recordAtOnce('run.qlab', run.spoolFolder);
    expect(readdirSync(folder).sort()).toEqual(['run.qlab', 'spool']);
    const trace = openTrace(file);
    expect(trace.query('info', {})).toMatchObject({
      status: 'complete',
      gaps: 0,
      elections: 2,
      messages: 35,
      operations: 8,
    });
    trace.close();
  });

  it.each([1, 2, 3, 4])(
    'is the same however its spools grow and wherever its recorder is cut off and started again (draw %i)',
    async (seed) => {
      const run = writeLongRun(folder);
      const expected = contents(await recordAtOnce('expected.qlab', run.spoolFolder));
      expect(expected['event']?.length).toBeGreaterThan(5_000);

      const draw = draws(seed);
      const growing = join(folder, 'growing');
      mkdirSync(growing);
      const rest = new Map(
        readdirSync(run.spoolFolder).map((name) => [name, readFileSync(join(run.spoolFolder, name))]),
      );
      const file = join(folder, 'run.qlab');
      let recording = TraceRecording.start(file, growing, sampleHeader());
      while (rest.size > 0) {
        for (const [name, bytes] of rest) {
          const length = draw(bytes.length > 2_000 ? 40_000 : 3_000);
          appendFileSync(join(growing, name), bytes.subarray(0, length));
          if (length >= bytes.length) rest.delete(name);
          else rest.set(name, bytes.subarray(length));
        }
        recording.round();
        if (draw(3) > 0) continue;
        recording.abandon();
        recording = TraceRecording.start(file, growing, sampleHeader());
      }
      await recording.close('complete', 'over');
      expect(contents(file)).toEqual(expected);
    },
    60_000,
  );

  it('made at one go from finished spools is the very trace that a recorder writes while the run lasts', async () => {
    const run = writeLongRun(folder);
    const expected = contents(await recordAtOnce('expected.qlab', run.spoolFolder));
    const file = join(folder, 'run.qlab');
    writeFileSync(file, 'an older file of that name');
    const recording = TraceRecording.make(file, run.spoolFolder, sampleHeader());
    expect(readFileSync(file, 'utf8')).toBe('an older file of that name');
    await recording.close('complete', 'over');
    expect(contents(file)).toEqual(expected);
    expect(readdirSync(folder).sort()).toEqual(['expected.qlab', 'run.qlab', 'spool']);
  });

  it('that is not made to its end leaves nothing behind', () => {
    const run = writeSampleRun(folder);
    run.close();
    TraceRecording.make(join(folder, 'run.qlab'), run.spoolFolder, sampleHeader()).abandon();
    expect(readdirSync(folder)).toEqual(['spool']);
  });

  it('folds the same state live as a reader finds at its end', () => {
    const run = writeLongRun(folder);
    const file = join(folder, 'run.qlab');
    const recording = TraceRecording.start(file, run.spoolFolder, sampleHeader());
    while (!recording.round().caughtUp);
    const trace = openTrace(file);
    expect(trace.query('info', {}).status).toBe('recording');
    expect(recording.keyframes.state).toEqual(trace.query('stateAt', { atNs: recording.newestNs }));
    expect(recording.elections.rows()).toEqual(trace.query('elections', {}).elections);
    trace.close();
    recording.abandon();
  });

  it('says gap for what a damaged spool lacks, at the moment of the event before it', async () => {
    const run = new SampleRun(folder);
    run.at(1).record('lab', { kind: 'run-started', nodes: ['n1', 'n2', 'n3'] });
    startNode(run.at(2), 'n1', 1);
    run.flush();
    const file = join(run.spoolFolder, 'n1-1.spool');
    const before = readFileSync(file).length;
    run.at(3).record('n1', { kind: 'term', from: 0, to: 1, reason: 'damaged' });
    run.record('n1', { kind: 'term', from: 1, to: 2, reason: 'damaged' });
    run.flush();
    run.at(4).record('n1', { kind: 'term', from: 2, to: 3, reason: 'whole' });
    run.close();
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(before + 20) ^ 1, before + 20);
    writeFileSync(file, bytes);

    const trace = openTrace(await recordAtOnce('run.qlab', run.spoolFolder));
    expect(trace.query('info', {}).gaps).toBe(1);
    const { events } = trace.query('events', {
      fromNs: 0,
      toNs: 10 * MS,
      limit: 10,
      filter: { kinds: ['gap'] },
    });
    expect(events.map(({ id, event, text }) => ({ id, text, atNs: event.atNs }))).toEqual([
      { id: 'recorder/1/1', text: 'the recording lacks events 2–3 of n1, incarnation 1', atNs: 2 * MS },
    ]);
    trace.close();
  });

  it('says gap for a spool whose end is damaged, and cuts one that was torn by its writer’s death', async () => {
    const run = new SampleRun(folder);
    for (const node of ['n1', 'n2']) {
      startNode(run.at(1), node, 1);
      run.flush();
      run.at(2).record(node, { kind: 'term', from: 0, to: 1, reason: 'last words' });
    }
    run.close();
    const damaged = join(run.spoolFolder, 'n1-1.spool');
    const bytes = readFileSync(damaged);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    writeFileSync(damaged, bytes);
    const torn = join(run.spoolFolder, 'n2-1.spool');
    writeFileSync(torn, readFileSync(torn).subarray(0, -3));

    const trace = openTrace(await recordAtOnce('run.qlab', run.spoolFolder));
    expect(trace.query('info', {}).gaps).toBe(1);
    expect(
      trace.query('events', { fromNs: 0, toNs: 10 * MS, limit: 10, filter: { kinds: ['gap'] } }).events[0]
        ?.text,
    ).toBe('the recording lacks event 2 of n1, incarnation 1');
    trace.close();
  });

  it('refuses to go on in the file of another run', async () => {
    const run = writeSampleRun(folder);
    run.close();
    const file = await recordAtOnce('run.qlab', run.spoolFolder);
    const other = { ...sampleHeader(), runId: '01890a5d-ac96-774b-bcce-b302099a8058' };
    expect(() => TraceRecording.start(file, run.spoolFolder, other)).toThrow(/holds another run/);
  });
});

describe('a recording that was cut off', () => {
  it('takes in the rest of its spools when it is folded, and says that it was cut off', async () => {
    const run = writeLongRun(folder);
    const expected = contents(await recordAtOnce('expected.qlab', run.spoolFolder));
    const cut = join(folder, 'cut');
    mkdirSync(cut);
    for (const name of readdirSync(run.spoolFolder)) {
      const bytes = readFileSync(join(run.spoolFolder, name));
      writeFileSync(join(cut, name), bytes.subarray(0, Math.floor(bytes.length / 2)));
    }
    const file = join(folder, 'run.qlab');
    const recording = TraceRecording.start(file, cut, sampleHeader());
    while (!recording.round().caughtUp);
    recording.abandon();

    await foldSpools(file, run.spoolFolder);
    const trace = openTrace(file);
    expect(trace.query('info', {})).toMatchObject({
      status: 'truncated',
      statusReason: 'cut off: its recorder ended without closing it',
    });
    trace.close();
    const { run: _run, ...rest } = contents(file);
    const { run: _expectedRun, ...expectedRest } = expected;
    expect(rest).toEqual(expectedRest);
    expect(readdirSync(folder).filter((name) => name.startsWith('run.qlab'))).toEqual(['run.qlab']);
  });

  it('stays as it is when it is folded although it is complete', async () => {
    const run = writeSampleRun(folder);
    run.close();
    const file = await recordAtOnce('run.qlab', run.spoolFolder);
    await foldSpools(file, run.spoolFolder);
    const trace = openTrace(file);
    expect(trace.query('info', {}).status).toBe('complete');
    trace.close();
  });
});
