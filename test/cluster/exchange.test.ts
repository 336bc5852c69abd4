/** Traces of real processes, taken out and back by the command line, and what becomes of an errand that ends early. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startExport, startImport } from '../../src-main/cluster/exchange-process.ts';
import { Reaper } from '../../src-main/cluster/reaper.ts';
import { createLab } from '../../src-main/lab/lab.ts';
import { reading, statesOf } from '../unit/trace/exchange/exchanged.ts';
import { startCluster, type TestCluster } from './a-cluster.ts';
import { lab } from './the-lab.ts';

let run: TestCluster;
let folder: string;
let live: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-exchange-'));
  run = await startCluster(3);
  const leader = await run.leader();
  run.cluster.setWorkload({ clients: 2, keys: 10, valueBytes: 16, readRatio: 0.2 });
  await run.acknowledged(20);
  await run.cluster.kill(leader);
  await run.acknowledged(40);
  live = at('live.ndjson');
  const exported = await lab('trace', 'export', run.traceFile, '--format', 'ndjson', '--out', live);
  expect(exported.stderr).not.toContain('Error');
  await run.stop();
});
afterAll(() => {
  run.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** As an upload comes. */
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 10) {
    yield bytes.subarray(from, from === 0 ? 10 : bytes.length);
    await Promise.resolve();
    if (from > 0) return;
  }
}

describe('a run of real processes', () => {
  it('comes back from our own ndjson with the same states at a hundred moments', async () => {
    const [a, b] = [at('A.ndjson'), at('B.qlab')];
    expect(await lab('trace', 'export', run.traceFile, '--format', 'ndjson', '--out', a)).toMatchObject({
      code: 0,
    });
    const imported = await lab('trace', 'import', a, '--out', b, '--json');
    expect(imported.code).toBe(0);
    const { events, gaps } = JSON.parse(imported.stdout) as { events: number; gaps: number };
    expect(events).toBeGreaterThan(1_000);
    expect(gaps).toBe(0);
    const states = statesOf(run.traceFile);
    expect(states.at(-1)?.operations.acknowledged).toBeGreaterThanOrEqual(40);
    expect(statesOf(b)).toEqual(states);
    for (const query of ['info', 'totals', 'elections', 'faults'] as const) {
      const [first, second] = [run.traceFile, b].map((file) =>
        reading(file, (trace) => ({ ...trace.query(query, {}), fileBytes: 0 })),
      );
      expect(second).toEqual(first);
    }
  });

  it('can be exported while it runs: the import says that it was', async () => {
    const imported = await lab('trace', 'import', live, '--out', at('live.qlab'), '--json');
    expect(JSON.parse(imported.stdout)).toMatchObject({ status: 'truncated', format: 'ndjson' });
    expect(reading(at('live.qlab'), (trace) => trace.query('info', {}).statusReason)).toBe(
      'exported while it was still being recorded',
    );
  });

  it('is written to standard output alone when that is asked for', async () => {
    const { code, stdout } = await lab('trace', 'export', run.traceFile, '--format', 'jepsen', '--out', '-');
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^\{:type :invoke, :process 0, :f :write/);
  });

  it('is not exported over a file that is there, nor in a format that there is not, nor from a file that is no trace', async () => {
    const out = at('mine');
    writeFileSync(out, 'mine');
    const refusals = [
      await lab('trace', 'export', run.traceFile, '--format', 'ndjson', '--out', out),
      await lab('trace', 'export', run.traceFile, '--format', 'sonnet', '--out', at('x')),
      await lab('trace', 'export', out, '--format', 'ndjson', '--out', at('x')),
      await lab('trace', 'export', run.traceFile, '--format', 'csv', '--table', 'secrets', '--out', at('x')),
      await lab('trace', 'import', out, '--out', at('x')),
      await lab('trace', 'import', at('missing'), '--out', at('x')),
    ];
    expect(refusals.map(({ code, stdout }) => [code, stdout])).toEqual(refusals.map(() => [2, '']));
    const said = refusals.map(({ stderr }) => stderr);
    expect(said[0]).toContain('--force');
    expect(said[1]).toContain('it must be one of ndjson');
    expect(said[2]).toContain('is not a trace');
    expect(said[3]).toContain('it has run, event');
    expect(said[4]).toContain('is not a trace, nor anything that could be imported');
    expect(said[5]).toContain('There is no such file');
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect(readdirSync(folder)).not.toContain('x');
  });
});

describe('an errand that ends early', () => {
  it('leaves nothing behind when it is cancelled', async () => {
    const place = at('cancelled');
    mkdirSync(place);
    const reaper = new Reaper();
    const out = path.join(place, 'out');
    const freshId = '01890a5d-ac96-774b-bcce-b302099a8059';
    const asked = { out, force: false, freshId };
    const exporting = startExport(
      { ...asked, traceFile: run.traceFile, format: 'ndjson', redact: true },
      reaper,
      () => undefined,
    );
    exporting.cancel();
    await expect(exporting.outcome).rejects.toThrow(/cancelled; nothing was written/);
    const importing = startImport(
      { ...asked, file: at('A.ndjson'), format: 'auto', labVersion: '0', now: new Date().toISOString() },
      reaper,
      () => importing.cancel(),
    );
    await expect(importing.outcome).rejects.toThrow(/cancelled; nothing was written/);
    expect(readdirSync(place)).toEqual([]);
    reaper.close();
  });
});

describe('the lab', () => {
  it('takes in what a window sends, and hands out what a browser fetches, once', async () => {
    const home = at('home');
    process.env['QUORUM_LAB_HOME'] = home;
    const served = createLab({ kind: 'browser', log: () => undefined });
    try {
      const runId = await served.importTrace('A.ndjson', chunksOf(readFileSync(at('A.ndjson'))));
      const asked = { runId, format: 'csv', table: 'election', redact: false };
      const answer = (await served.call('exportTrace', asked)) as { name: string; download: string };
      expect(answer.name).toBe('test-election.csv');
      const download = served.takeDownload(answer.download);
      expect(readFileSync(download?.file ?? '', 'utf8')).toMatch(/^number,term,leader/);
      download?.done();
      expect(served.takeDownload(answer.download)).toBeUndefined();
      await expect(served.importTrace('diary.txt', chunksOf(Buffer.from('Dear diary')))).rejects.toThrow(
        /^diary\.txt is not a trace, nor/,
      );
      await expect(served.call('exportTrace', { ...asked, format: '../x' })).rejects.toThrow(
        /exportTrace \(format\)/,
      );
    } finally {
      await served.close();
      delete process.env['QUORUM_LAB_HOME'];
    }
    expect(readdirSync(home).filter((name) => /^(import|export)-/.test(name))).toEqual([]);
  });
});
