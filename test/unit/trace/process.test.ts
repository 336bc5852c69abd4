/** Recorder and reader as the processes that they are, spoken to as the lab speaks to them. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveSnapshot } from '../../../src-main/trace/model/queries.ts';
import type {
  FromReader,
  FromRecorder,
  ToReader,
  ToRecorder,
  TraceLimits,
} from '../../../src-main/trace/protocol.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { SampleRun } from './sample-run.ts';
import { MS, replicate, sampleHeader, writeSampleRun } from './sample-run.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A forked entry and what it has said so far. */
class Peer<From extends { kind: string }, To extends object> {
  readonly child: ChildProcess;
  readonly #heard: From[] = [];
  #wake: (() => void) | undefined;

  constructor(entry: string) {
    const path = resolve(import.meta.dirname, '../../../src-main/trace', entry);
    this.child = fork(path, { serialization: 'advanced', execArgv: [] });
    children.push(this.child);
    this.child.on('message', (message) => {
      this.#heard.push(message as From);
      this.#wake?.();
    });
  }

  say(message: To): void {
    this.child.send(message);
  }

  /** The next message of the kind for which `matches` holds; others are passed over. */
  async hear<K extends From['kind']>(
    kind: K,
    matches: (message: Extract<From, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<From, { kind: K }>> {
    for (;;) {
      for (let next = this.#heard.shift(); next !== undefined; next = this.#heard.shift()) {
        const found = next as Extract<From, { kind: K }>;
        if (next.kind === kind && matches(found)) return found;
      }
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

function startRecorder(
  run: SampleRun,
  givesWay = false,
  limits: TraceLimits = {},
): Peer<FromRecorder, ToRecorder> {
  const recorder = new Peer<FromRecorder, ToRecorder>('recorder/main.ts');
  const { spoolFolder } = run;
  const traceFile = join(folder, 'run.qlab');
  recorder.say({ kind: 'start', traceFile, spoolFolder, header: sampleHeader(), givesWay, limits });
  return recorder;
}

function snapshotWith(
  recorder: Peer<FromRecorder, ToRecorder>,
  matches: (snapshot: LiveSnapshot) => boolean,
): Promise<{ snapshot: LiveSnapshot }> {
  return recorder.hear('snapshot', ({ snapshot }) => {
    recorder.say({ kind: 'snapshotTaken' });
    return matches(snapshot);
  });
}

describe('a recorder process', () => {
  it('tells live snapshots, is read while it records, and closes the trace when told', async () => {
    const run = writeSampleRun(folder);
    const recorder = startRecorder(run);
    await recorder.hear('ready');
    recorder.say({ kind: 'watch', hz: 30 });
    const { snapshot } = await snapshotWith(recorder, ({ events }) => events === 259);
    expect(snapshot).toMatchObject({
      atNs: 800 * MS,
      messages: 35,
      backlogBytes: 0,
      timerLatenessMsMax: 0.9,
    });
    expect(snapshot.state.nodes.map(({ id, status, role, term }) => [id, status, role, term])).toEqual([
      ['n1', 'running', 'follower', 3],
      ['n2', 'running', 'leader', 3],
      ['n3', 'running', 'candidate', 3],
    ]);
    expect(snapshot.elections.map((election) => election.leader)).toEqual(['n1', 'n2']);
    expect(snapshot.votes).toHaveLength(6);
    expect(snapshot.links).toContainEqual({ from: 'n2', to: 'n3', perSecond: 4 });
    expect(snapshot.notable.map((one) => one.text)).toContain(
      'n2 becomes leader of term 3: votes from n2, n3',
    );
    expect(snapshot.operations.reduce((sum, bucket) => sum + bucket.acknowledged, 0)).toBe(8);

    const trace = openTrace(join(folder, 'run.qlab'));
    expect(trace.query('info', {})).toMatchObject({ status: 'recording', events: 259 });
    replicate(run.at(850), 'n2', ['n3'], 3, 9);
    await snapshotWith(recorder, ({ events }) => events > 259);
    expect(trace.query('info', {}).events).toBeGreaterThan(259);

    run.close();
    recorder.say({ kind: 'close', reason: 'the test is over' });
    const closed = await recorder.hear('closed');
    expect(closed).toMatchObject({ gaps: 0 });
    expect(trace.query('info', {})).toMatchObject({ status: 'complete', events: closed.events });
    expect(readdirSync(folder).sort()).toEqual(['run.qlab', 'spool']);
    trace.close();
  });

  it('killed leaves a trace that says it was cut off, and started again goes on without missing anything', async () => {
    const run = writeSampleRun(folder);
    const first = startRecorder(run);
    await first.hear('ready');
    first.say({ kind: 'watch', hz: 30 });
    await snapshotWith(first, ({ events }) => events === 259);
    await first.kill();
    const trace = openTrace(join(folder, 'run.qlab'));
    expect(trace.query('info', {})).toMatchObject({
      status: 'truncated',
      statusReason: 'cut off: its recorder ended without closing it',
      events: 259,
    });

    replicate(run.at(850), 'n2', ['n3'], 3, 9);
    run.close();
    const second = startRecorder(run);
    await second.hear('ready');
    second.say({ kind: 'close', reason: 'the test is over' });
    expect(await second.hear('closed')).toMatchObject({ gaps: 0 });
    const { events } = trace.query('events', { fromNs: 0, toNs: 900 * MS, limit: 1_000 });
    const perStream = new Map<string, number[]>();
    for (const { event } of events) {
      const stream = `${event.source}/${event.incarnation}`;
      perStream.set(stream, [...(perStream.get(stream) ?? []), event.seq]);
    }
    for (const numbers of perStream.values()) {
      expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, at) => at + 1));
    }
    expect(trace.query('info', {})).toMatchObject({ status: 'complete', operations: 9 });
    trace.close();
  });

  it('leaves closing to one of ordinary priority when much is to be read for it', async () => {
    const run = writeSampleRun(folder);
    const value = 'x'.repeat(60_000);
    for (let number = 1; number <= 200; number++) {
      const call = { call: 'put', key: 'k', value } as const;
      run
        .at(900 + number)
        .record('load', { kind: 'invoke', operation: `c9/${number}`, client: 'c9', ...call });
      run.flush();
    }
    run.close();
    const first = startRecorder(run, true);
    const gone = once(first.child, 'exit');
    first.say({ kind: 'close', reason: 'the test is over' });
    await first.hear('resigned');
    expect(await gone).toEqual([0, null]);
    const second = startRecorder(run);
    second.say({ kind: 'close', reason: 'the test is over' });
    const { events, gaps } = await second.hear('closed');
    expect({ events, gaps }).toEqual({ events: 259 + 200, gaps: 0 });
    const trace = openTrace(join(folder, 'run.qlab'));
    expect(trace.query('info', {})).toMatchObject({ status: 'complete', events });
    trace.close();
  });

  it('goes on after Ctrl+C in the terminal of its parent, and a reader too', async () => {
    const run = writeSampleRun(folder);
    const recorder = startRecorder(run);
    await recorder.hear('ready');
    const reader = new Peer<FromReader, ToReader>('reader/main.ts');
    reader.say({ kind: 'start', traceFile: join(folder, 'run.qlab') });
    await reader.hear('ready');
    recorder.child.kill('SIGINT');
    reader.child.kill('SIGINT');
    run.close();
    recorder.say({ kind: 'close', reason: 'the test is over' });
    await recorder.hear('closed');
    reader.say({ kind: 'query', id: 1, query: 'info', params: {} });
    expect((await reader.hear('answer')).answer).toMatchObject({ status: 'complete' });
  });

  it('says why it cannot record', async () => {
    const run = writeSampleRun(folder);
    run.close();
    writeFileSync(join(folder, 'run.qlab'), 'something else');
    const recorder = startRecorder(run);
    const { error } = await recorder.hear('failed');
    expect(error).toMatch(/run\.qlab is not a trace; choose another name/);
  });

  it('leaves when its parent is gone', async () => {
    const run = writeSampleRun(folder);
    const recorder = startRecorder(run);
    await recorder.hear('ready');
    const gone = once(recorder.child, 'exit');
    recorder.child.disconnect();
    await gone;
    run.close();
  });
});

describe('a recorder process at a limit', () => {
  it('says so while it goes on recording, and closes the trace as truncated with the reason', async () => {
    const run = writeSampleRun(folder);
    const recorder = startRecorder(run, false, { traceBytesMax: 20 * 1024 });
    const { reason } = await recorder.hear('limit');
    expect(reason).toBe(
      'the trace has reached the size that it may have (20 KB); allow it more, or record a shorter run',
    );
    run.at(900).record('lab', { kind: 'run-stopped', reason });
    run.close();
    recorder.say({ kind: 'close', reason });
    expect(await recorder.hear('closed')).toMatchObject({ events: 260, gaps: 0 });
    const trace = openTrace(join(folder, 'run.qlab'));
    expect(trace.query('info', {})).toMatchObject({ status: 'truncated', statusReason: reason, events: 260 });
    trace.close();
  });
});

describe('a reader process', () => {
  it('answers questions, says what is wrong with one, and refuses what is no trace', async () => {
    const run = writeSampleRun(folder);
    run.close();
    const recorder = startRecorder(run);
    await recorder.hear('ready');
    recorder.say({ kind: 'close', reason: 'the test is over' });
    await recorder.hear('closed');

    const reader = new Peer<FromReader, ToReader>('reader/main.ts');
    reader.say({ kind: 'start', traceFile: join(folder, 'run.qlab') });
    await reader.hear('ready');
    reader.say({ kind: 'query', id: 7, query: 'elections', params: {} });
    expect(await reader.hear('answer')).toMatchObject({
      id: 7,
      answer: { elections: [{ term: 1 }, { term: 3 }] },
    });
    reader.say({ kind: 'query', id: 8, query: 'nonsense', params: {} } as unknown as ToReader);
    expect(await reader.hear('error')).toMatchObject({
      id: 8,
      error: 'a trace cannot be asked for "nonsense"',
    });

    const refusing = new Peer<FromReader, ToReader>('reader/main.ts');
    refusing.say({ kind: 'start', traceFile: join(folder, 'absent.qlab') });
    expect((await refusing.hear('refused')).error).toMatch(/There is no file .*absent\.qlab/);
  });
});
