import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EdnError, Keyword, readEdn, writeEdn } from '../../../../src-main/trace/exchange/edn.ts';
import type { OperationRow } from '../../../../src-main/trace/model/queries.ts';
import { drawSchedule } from '../../../../src-main/simulation/schedule/draw.ts';
import { writeTrace } from '../../../../src-main/simulation/write-trace.ts';
import { sampleHeader } from '../sample-run.ts';
import { Folder, reading } from './exchanged.ts';

const folder = new Folder();
let simulated: string;
beforeAll(async () => {
  simulated = folder.file('qlab');
  await writeTrace(drawSchedule(7), simulated, sampleHeader());
});
afterAll(() => folder.remove());

function operationsOf(file: string): OperationRow[] {
  return reading(
    file,
    (trace) => trace.query('operations', { fromNs: 0, toNs: 1e15, limit: 5_000 }).operations,
  );
}

const brief = (rows: OperationRow[]) =>
  rows.map(({ call, key, value, outcome, result }) => [call, key, value, outcome, result]);

describe('EDN', () => {
  it('reads what histories hold, tags and comments included', () => {
    const text =
      '#jepsen.history.Op{:f :cas, :value [1 "a\\"b"] ;; no more\n :time 12, :ok? true, :n nil, :set #{1.5 -2}}';
    const { value, end } = readEdn(text);
    expect(end).toBe(text.length);
    expect(value).toEqual(
      new Map<string, unknown>([
        ['f', new Keyword('cas')],
        ['value', [1, 'a"b']],
        ['time', 12],
        ['ok?', true],
        ['n', null],
        ['set', [1.5, -2]],
      ]),
    );
  });

  it('writes what it reads', () => {
    const text = '{:a [nil true 1.5 "x\\n\\"y\\" \\\\"], :b :c}';
    expect(writeEdn(readEdn(text).value)).toBe(text);
  });

  it.each(['{:a}', '[1 2', '"open', ')', '['.repeat(99)])('refuses %s', (text) => {
    expect(() => readEdn(text)).toThrow(EdnError);
  });
});

describe('a history of Jepsen or Maelstrom', () => {
  it('becomes operations with their outcomes, and faults of the nemesis', async () => {
    const file = folder.write(
      'edn',
      `[{:process 0, :type :invoke, :f :write, :value [5 1], :time 100, :index 0}
        {:process 1, :type :invoke, :f :read, :value [5 nil], :time 200}
        {:process :nemesis, :type :invoke, :f :start-partition, :value :majority, :time 250}
        {:process :nemesis, :type :info, :f :start-partition, :value :majority, :time 260}
        {:process 1, :type :ok, :f :read, :value [5 1], :time 300}
        {:process 0, :type :info, :f :write, :value [5 1], :time 400, :error :timeout}
        {:process 2, :type :invoke, :f :cas, :value [5 [1 2]], :time 500}
        {:process 2, :type :fail, :f :cas, :value [5 [1 2]], :time 600}
        {:process :nemesis, :type :info, :f :stop-partition, :time 700}
        {:process 3, :type :invoke, :f :txn, :value [[:append 1 2]], :time 800}]`,
    );
    const { out, format } = await folder.imported(file);
    expect(format).toBe('jepsen-edn');
    expect(brief(operationsOf(out))).toEqual([
      ['put', '5', '1', 'unknown', null],
      ['get', '5', null, 'ok', '1'],
      ['cas', '5', '2', 'fail', null],
      ['put', 'txn', '[[:append 1 2]]', 'open', null],
    ]);
    reading(out, (trace) => {
      expect(trace.query('info', {})).toMatchObject({ nodes: [], operations: 4, status: 'complete' });
      expect(trace.query('faults', {}).faults).toMatchObject([
        { type: 'partition', parameters: { value: 'majority' } },
      ]);
    });
  });

  it('is read from Jepsen’s own log, with and without dates', async () => {
    const plain = folder.write(
      'log',
      'INFO  jepsen.core - Worker 3 starting\nINFO  jepsen.util - 3\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - 4 :invoke :read nil\nINFO  jepsen.util - 3\t:fail\t:cas\t[1 2]\nINFO  jepsen.util - 4 :info :read :timed-out',
    );
    const imported = await folder.imported(plain);
    expect(imported.format).toBe('jepsen');
    const rows = operationsOf(imported.out);
    expect(brief(rows)).toEqual([
      ['cas', 'register', '2', 'fail', null],
      ['get', 'register', null, 'unknown', null],
    ]);
    expect(rows[1]?.error).toBe('timed-out');
    const dated = folder.write(
      'log',
      '2026-01-01 10:00:00,500{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:write\t3\n2026-01-01 10:00:00,750{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:ok\t:write\t3',
    );
    const { out } = await folder.imported(dated);
    const [write] = operationsOf(out);
    expect((write?.completedNs ?? 0) - (write?.invokedNs ?? 0)).toBeCloseTo(250e6, -5);
    expect(reading(out, (trace) => trace.query('info', {}).startedAt)).toBe('2026-01-01T10:00:00.500Z');
  });

  it.each([
    [
      'a map is not closed',
      '{:process 0, :type :invoke, :f :read',
      /line 1: is no EDN at column \d+: the closing } is missing/,
    ],
    [
      'a process does two things at once',
      '{:process 0 :type :invoke :f :read}\n{:process 0 :type :invoke :f :read}',
      /line 2: process 0 begins/,
    ],
    [
      'an end has no beginning',
      '{:process 0 :type :ok :f :read :value 1}',
      /line 1: process 0 ends an operation that it never began/,
    ],
    ['a time is no time', '{:process 0 :type :invoke :f :read :time -1}', /line 1: :time must be/],
  ])('is refused where %s', async (_what, text, refusal) => {
    await expect(folder.imported(folder.write('edn', text), 'jepsen-edn')).rejects.toThrow(refusal);
  });

  it('says of a file that is nothing of the kind what could be imported', async () => {
    const file = folder.write('txt', 'Dear diary\n');
    await expect(folder.imported(file)).rejects.toThrow(
      /is not a trace, nor anything that could be imported: ndjson, etcd-ndjson/,
    );
  });
});

describe('what clients of ours did, as a history', () => {
  it.each(['jepsen', 'jepsen-log'] as const)('comes back as the same operations from %s', async (format) => {
    const { out } = await folder.imported(folder.exportedFile(simulated, format));
    const before = operationsOf(simulated);
    expect(before.length).toBeGreaterThan(10);
    expect(brief(operationsOf(out))).toEqual(
      brief(
        before.map((row) => (row.call === 'get' && row.outcome === 'ok' ? row : { ...row, result: null })),
      ),
    );
  });

  it('never lets a process do two things at once, nor go on after an operation of unknown outcome', () => {
    const busy = new Map<unknown, boolean>();
    for (const text of folder.exported(simulated, 'jepsen').trim().split('\n')) {
      const op = readEdn(text).value as Map<string, unknown>;
      const process = op.get('process');
      const begins = (op.get('type') as Keyword).name === 'invoke';
      expect(busy.get(process) ?? false).toBe(!begins);
      busy.set(process, begins || (op.get('type') as Keyword).name === 'info');
    }
    expect(busy.size).toBeGreaterThan(1);
  });
});
