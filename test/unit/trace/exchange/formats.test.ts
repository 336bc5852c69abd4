import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawSchedule } from '../../../../src-main/simulation/schedule/draw.ts';
import { writeTrace } from '../../../../src-main/simulation/write-trace.ts';
import { tableNames } from '../../../../src-main/trace/exchange/csv-format.ts';
import { EXPORT_FORMATS } from '../../../../src-main/trace/model/exchange-formats.ts';
import type { ExportFormat } from '../../../../src-main/trace/model/exchange-formats.ts';
import { TraceRecording } from '../../../../src-main/trace/recorder/recording.ts';
import { openDatabase } from '../../../../src-main/trace/sqlite.ts';
import { sampleHeader, writeSampleRun } from '../sample-run.ts';
import type { SampleRun } from '../sample-run.ts';
import { Folder, reading, statesOf } from './exchanged.ts';

const folder = new Folder();
/** What must not leave the house. */
const SECRETS = {
  key: 'patient-4711',
  value: 'has the measles, says "K"',
  expected: 'is well',
  operand: 'raise-the-drawbridge',
  error: 'ENOSPC: no space left on /home/ada/disks/n1/log.db',
  path: '/home/ada/disks',
  host: 'ada-laptop',
  cpu: 'Ada Silicon 9',
  title: 'What went wrong at Lovelace Ltd',
  note: 'Ada did it',
};
let sample: string;
let simulated: string;
beforeAll(async () => {
  sample = folder.file('qlab');
  const run = writeSampleRun(folder.path);
  tellSecrets(run);
  run.close();
  const machine = { os: SECRETS.host, cpu: SECRETS.cpu, cores: 2 };
  const header = { ...sampleHeader(), title: SECRETS.title, machine, scenario: `note: ${SECRETS.note}` };
  await TraceRecording.start(sample, run.spoolFolder, header).close(
    'truncated',
    `the disk ${SECRETS.path} was full`,
  );
  const database = openDatabase(sample);
  database
    .prepare('INSERT INTO finding (rule, at_ns, event, text, detail) VALUES (?, ?, ?, ?, ?)')
    .run(
      'linearizability',
      5,
      'n1/1/2',
      `${SECRETS.key} was ${SECRETS.value}`,
      `{"events":["n1/1/2"],"key":"${SECRETS.key}"}`,
    );
  database
    .prepare(
      'INSERT INTO bookmark (id, at_ns, event, title, note, from_ns, to_ns, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      '01890a5d-ac96-774b-bcce-b302099a8001',
      5,
      'n1/1/2',
      SECRETS.title,
      SECRETS.note,
      1,
      9,
      '2026-01-01T00:00:00.000Z',
    );
  database.close();
  simulated = folder.file('qlab');
  await writeTrace(drawSchedule(7), simulated, sampleHeader());
});
afterAll(() => folder.remove());

function tellSecrets(run: SampleRun): void {
  const { key, value, expected, operand, error, host } = SECRETS;
  const data = JSON.stringify({ op: 'cas', key, value, expected });
  run.at(810).record('lab', {
    kind: 'operator',
    command: { kind: 'put', key, value },
    origin: 'console',
    refused: error,
  });
  run.record('lab', {
    kind: 'fault-started',
    fault: 'f9',
    type: 'disk-full',
    targets: ['n1'],
    parameters: { where: SECRETS.path },
  });
  run.record('n2', {
    kind: 'append',
    first: 9,
    last: 10,
    term: 3,
    hash: 1_003,
    entries: [{ id: 'c1/9', data }, { data: operand }],
  });
  run.record('load', { kind: 'invoke', operation: 'c1/9', client: 'c1', call: 'cas', key, value, expected });
  run.record('load', { kind: 'complete', operation: 'c1/9', outcome: 'fail', value, attempts: 1, error });
  run.message('n2', 'n3', 'Gossip', 3, {
    about: key,
    [key]: value,
    reason: `${SECRETS.path} said "${value}"`,
  });
  run.record('n3', {
    kind: 'link',
    peer: 'n1',
    state: 'down',
    reason: `connect ECONNREFUSED ${host}.local.lan:99`,
  });
  run.record('n3', {
    kind: 'refuse',
    what: 'AppendEntries',
    peer: 'n2',
    reason: `${SECRETS.path}/log.db is damaged`,
  });
  run.record('n1', { kind: 'node-stopped', reason: error });
  run.record('lab', {
    kind: 'process-exited',
    node: 'n1',
    of: 2,
    reason: 'failed',
    code: 1,
    signal: null,
    error,
  });
}

interface TraceEventJson {
  name: string;
  ph: string;
  pid: number;
  tid?: number;
  ts?: number;
  bind_id?: string;
  flow_out?: boolean;
  flow_in?: boolean;
  id?: string;
  args?: { name?: string };
}

describe('Perfetto’s JSON', () => {
  const read = () =>
    JSON.parse(folder.exported(sample, 'perfetto')) as {
      displayTimeUnit: string;
      traceEvents: TraceEventJson[];
    };

  it('has a process a node, and every slice that begins ends in order on its track', () => {
    const { traceEvents, displayTimeUnit } = read();
    expect(displayTimeUnit).toBe('ns');
    const named = traceEvents.filter(({ name }) => name === 'process_name').map(({ args }) => args?.name);
    expect(named).toEqual(['cluster', 'n1', 'n2', 'n3']);
    const open = new Map<string, TraceEventJson>();
    for (const event of traceEvents) {
      if (!['B', 'E', 'b', 'e'].includes(event.ph)) continue;
      const track = `${event.pid} ${event.tid} ${event.id ?? ''}`;
      const begun = open.get(track);
      if (event.ph.toUpperCase() === 'B') {
        expect(begun).toBeUndefined();
        open.set(track, event);
      } else {
        expect(event.name).toBe(begun?.name);
        expect(event.ts).toBeGreaterThanOrEqual(begun?.ts ?? Infinity);
        open.delete(track);
      }
    }
    expect([...open.values()].filter(({ ph }) => ph === 'B')).toEqual([]);
    const names = new Set(traceEvents.map(({ name }) => name));
    for (const name of ['leader', 'candidate', 'killed', 'election of term 3', 'kill', 'commit', 'term'])
      expect(names).toContain(name);
  });

  it('binds each message that was taken in to its sending', () => {
    const { traceEvents } = read();
    const sent = new Set(traceEvents.filter(({ flow_out }) => flow_out).map(({ bind_id }) => bind_id));
    const taken = traceEvents.filter(({ flow_in }) => flow_in);
    const sendings = reading(sample, (trace) => trace.query('totals', {}).messages.sent);
    expect(sent.size).toBe(sendings);
    expect(taken.length).toBeGreaterThan(20);
    for (const { bind_id } of taken) expect(sent).toContain(bind_id);
  });
});

describe('a log for ShiViz', () => {
  it('is read by the expression in its first line, each clock counting on by one', () => {
    const [expression = '', delimiter, ...lines] = folder.exported(simulated, 'shiviz').trimEnd().split('\n');
    const reads = new RegExp(`^${expression}$`);
    expect(delimiter).toBe('');
    const own = new Map<string, number>();
    let learnt = 0;
    for (const text of lines) {
      const { host = '', clock = '' } = reads.exec(text)?.groups ?? {};
      const times = JSON.parse(clock) as Record<string, number>;
      expect(times[host]).toBe((own.get(host) ?? 0) + 1);
      own.set(host, times[host] ?? 0);
      for (const [other, time] of Object.entries(times)) {
        expect(time).toBeLessThanOrEqual(own.get(other) ?? 0);
        if (other !== host) learnt++;
      }
    }
    expect(lines.length).toBeGreaterThan(100);
    expect(learnt).toBeGreaterThan(100);
  });
});

/** RFC 4180, by hand. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('CSV', () => {
  it('holds every row of any table, quoted where that is needed', () => {
    const database = openDatabase(sample, { readonly: true });
    for (const table of tableNames()) {
      const [heading = [], ...rows] = parseCsv(folder.exported(sample, 'csv', { table }));
      expect(rows.length).toBe(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
      for (const row of rows) expect(row.length).toBe(heading.length);
    }
    database.close();
    const operations = parseCsv(folder.exported(sample, 'csv', { table: 'operation' }));
    expect(operations.flat()).toContain(SECRETS.value);
  });

  it('says which tables there are when asked for another', () => {
    expect(() => folder.exported(sample, 'csv', { table: 'run; DROP TABLE run' })).toThrow(
      /no table.*it has run, event/,
    );
  });
});

describe('a redacted export', () => {
  const all: { format: ExportFormat; table?: string }[] = [
    ...EXPORT_FORMATS.filter((format) => format !== 'csv').map((format) => ({ format })),
    ...tableNames().map((table) => ({ format: 'csv' as const, table })),
  ];

  it.each(all)('holds nothing that somebody wrote: %o', (asked) => {
    const shown = folder.exported(sample, asked.format, { ...asked, redact: true });
    for (const secret of Object.values(SECRETS)) expect(shown).not.toContain(secret);
    for (const word of ['measles', 'drawbridge', 'lovelace', 'laptop', 'lamp', '/home', 'ada.', '4711'])
      expect(shown.toLowerCase()).not.toContain(word);
    const plain = folder.exported(sample, asked.format, asked);
    expect(shown.split('\n').length).toBe(plain.split('\n').length);
  });

  it('comes back, with equal values equal, and the same leaders and logs', async () => {
    const first = folder.exportedFile(sample, 'ndjson', { redact: true });
    const { out, runId } = await folder.imported(first);
    expect(runId).not.toBe(sampleHeader().runId);
    const logs = (file: string) =>
      statesOf(file).map(({ nodes }) =>
        nodes.map(({ role, term, log, commit, progress }) => ({ role, term, log, commit, progress })),
      );
    expect(logs(out)).toEqual(logs(sample));
    const keys = reading(out, (trace) =>
      trace.query('operations', { fromNs: 0, toNs: 1e12, limit: 50 }).operations.map(({ key }) => key),
    );
    expect(new Set(keys).size).toBe(2);
    const commands = reading(out, (trace) => trace.query('logs', { atNs: 790e6, count: 3 }).commands);
    expect(commands[0]).toMatch(/^put #[0-9a-f]{16} #[0-9a-f]{16}$/);
  });

  it('has nothing in common with another one', () => {
    const hashes = (text: string) => new Set(text.match(/#[0-9a-f]{16}/g));
    const [first, second] = [1, 2].map(() => hashes(folder.exported(sample, 'ndjson', { redact: true })));
    expect(first?.size).toBeGreaterThan(10);
    expect([...(first ?? [])].filter((hash) => second?.has(hash))).toEqual([]);
  });
});
