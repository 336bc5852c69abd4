import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../../src-main/lab/lab.ts';
import { startCluster } from './a-cluster.ts';

let home: string;
let lab: Lab;
const told: string[] = [];

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
  process.env['QUORUM_LAB_HOME'] = home;
  told.length = 0;
  lab = createLab({ kind: 'browser', log: (_level, text) => told.push(text) });
});
afterEach(async () => {
  await lab.close();
  delete process.env['QUORUM_LAB_HOME'];
  rmSync(home, { recursive: true, force: true });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function ask<T>(file: string, sql: string): T[] {
  const trace = new Database(file, { readonly: true });
  try {
    return trace.prepare(sql).pluck().all() as T[];
  } finally {
    trace.close();
  }
}

async function recordedTrace(): Promise<Buffer> {
  const run = await startCluster(1);
  try {
    await run.leader();
    await run.stop();
    return readFileSync(run.traceFile);
  } finally {
    run.remove();
  }
}

/** The trace with another run id. */
function renamed(trace: Buffer, runId: string): Buffer {
  const file = path.join(home, 'renamed.qlab');
  writeFileSync(file, trace);
  const database = new Database(file);
  database.prepare('UPDATE run SET run_id = ?').run(runId);
  database.close();
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}

/** As a window sends a file: piece by piece. */
async function* sent(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) {
    await Promise.resolve();
    yield bytes.subarray(at, at + 65_536);
  }
}

const runIdOf = (number: number) => `01890a5d-ac96-774b-bcce-b3020000000${number}`;

describe('a lab that is closed', () => {
  it('while a cluster is being started leaves no process and a whole trace', async () => {
    const starting = lab.call('startRun', { nodes: 3, profile: 'raft-paper' }).then(
      () => 'started',
      (error: Error) => error.message,
    );
    await lab.close();
    expect(await starting).toBe('Quorum Lab is closing.');
    const [runId = ''] = readdirSync(path.join(home, 'runs'));
    const trace = path.join(home, 'runs', runId, 'run.qlab');
    expect(ask(trace, 'SELECT status FROM run')).toEqual(['complete']);
    const pids = ask<number>(trace, "SELECT body ->> '$.pid' FROM event WHERE kind = 'process-spawned'");
    expect(pids.length).toBeGreaterThanOrEqual(5);
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(lab.call('startRun', { nodes: 3, profile: 'raft-paper' })).rejects.toThrow('closing');
  });
});

describe('a live run', () => {
  it('is the only one, refuses what makes no sense and records the refusal, and is listed when it is over', async () => {
    const { runId } = (await lab.call('startRun', { nodes: 1, profile: 'raft-paper' })) as { runId: string };
    await expect(lab.call('startRun', { nodes: 1, profile: 'raft-paper' })).rejects.toThrow(
      /is running. Stop it first/,
    );
    await expect(lab.call('deleteRun', { runId })).rejects.toThrow('live');
    const resume = { runId, command: { kind: 'resume', node: 'n1' } };
    await expect(lab.call('execute', resume, 'test')).rejects.toThrow('n1 is not paused.');
    await expect(lab.call('execute', { runId, command: { kind: 'kill', node: 'n2' } })).rejects.toThrow(
      'no node n2',
    );
    const [first, second] = await Promise.all([
      lab.call('stopRun', { runId }),
      lab.call('stopRun', { runId }),
    ]);
    expect(first).toEqual(second);
    expect(first).toMatchObject({ runId, status: 'complete', nodes: 1 });
    await expect(lab.call('execute', resume)).rejects.toThrow('not live');
    const trace = path.join(home, 'runs', runId, 'run.qlab');
    expect(
      ask(
        trace,
        "SELECT body ->> '$.refused' FROM event WHERE kind = 'operator' AND body ->> '$.refused' IS NOT NULL",
      ),
    ).toEqual(['n1 is not paused.', 'There is no node n2 in this cluster; it has n1.']);
    expect(await lab.call('listRuns', {})).toMatchObject({ runs: [{ runId, status: 'complete' }] });
    await lab.call('deleteRun', { runId });
    expect(await lab.call('listRuns', {})).toEqual({ runs: [] });
    expect(readdirSync(path.join(home, 'trash'))).toEqual([runId]);
    expect(told).toEqual([]);
  });
});

describe('saved runs', () => {
  it('are all answered, however many are asked at the same time', async () => {
    const trace = await recordedTrace();
    const runIds = [1, 2, 3, 4, 5, 6, 7].map(runIdOf);
    for (const runId of runIds) {
      expect(await lab.importTrace('a.qlab', sent(renamed(trace, runId)))).toBe(runId);
    }
    const answers = await Promise.all(
      [...runIds, ...runIds].map((runId) => lab.call('query', { runId, query: 'info', params: {} })),
    );
    expect(answers.map((info) => (info as { runId: string }).runId)).toEqual([...runIds, ...runIds]);
  });

  it('are not made from what is no trace, nor placed where a trace says', async () => {
    const trace = await recordedTrace();
    const before = readdirSync(home, { recursive: true }).sort();
    await expect(lab.importTrace('notes.txt', sent(Buffer.from('x'.repeat(2_000))))).rejects.toThrow(
      /^notes\.txt is not a trace/,
    );
    await expect(lab.importTrace('evil.qlab', sent(renamed(trace, '../../elsewhere')))).rejects.toThrow(
      /^evil\.qlab is damaged: the id of its run is none/,
    );
    expect(readdirSync(home, { recursive: true }).sort()).toEqual(
      [...new Set([...before, 'foreign'])].sort(),
    );
  });

  it('that are not here cannot be renamed, and no name is kept for them', async () => {
    await expect(lab.call('renameRun', { runId: runIdOf(1), title: 'Mine' })).rejects.toThrow(
      'There is no run',
    );
    expect(readdirSync(home)).not.toContain('catalogue.json');
  });
});

describe('a call from a window', () => {
  it.each([
    ['nonsense', {}, 'The lab has no method "nonsense".'],
    ['__proto__', {}, 'The lab has no method "__proto__".'],
    ['startRun', { nodes: 10, profile: 'workshop' }, 'startRun (nodes): a cluster has 1 to 9 nodes.'],
    ['startRun', { nodes: 3, profile: 'workshop', folder: '/' }, 'startRun: Unrecognized key: "folder".'],
    ['query', { runId: '../..', query: 'info', params: {} }, 'query (runId): a run id is a UUID.'],
    ['help', { name: '../../package' }, /^help \(name\): /],
    ['deleteRun', {}, /^deleteRun \(runId\): /],
  ])('%s %j is refused by its form', async (method, params, sentence) => {
    await expect(lab.call(method, params)).rejects.toThrow(sentence);
  });
});
