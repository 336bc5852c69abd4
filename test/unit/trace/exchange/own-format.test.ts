import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawSchedule } from '../../../../src-main/simulation/schedule/draw.ts';
import { writeTrace } from '../../../../src-main/simulation/write-trace.ts';
import { exportTrace } from '../../../../src-main/trace/exchange/export.ts';
import { TraceRecording } from '../../../../src-main/trace/recorder/recording.ts';
import { expectedObjects } from '../../../../src-main/trace/schema.ts';
import { openDatabase } from '../../../../src-main/trace/sqlite.ts';
import { sampleHeader, writeSampleRun } from '../sample-run.ts';
import { Folder, reading, statesOf } from './exchanged.ts';

const folder = new Folder();
let simulated: string;
let exported: string;
beforeAll(async () => {
  simulated = folder.file('qlab');
  await writeTrace(drawSchedule(7), simulated, { ...sampleHeader(), title: 'Simulated, "7"' });
  note(simulated);
  exported = folder.exportedFile(simulated, 'ndjson');
});
afterAll(() => folder.remove());

/** As a check and a person would. */
function note(file: string): void {
  const database = openDatabase(file);
  database
    .prepare('INSERT INTO finding (rule, at_ns, event, text, detail) VALUES (?, ?, ?, ?, ?)')
    .run('election-safety', 5, 'n1/1/2', 'Two leaders.', '{"events":["n1/1/2"]}');
  database
    .prepare(
      'INSERT INTO bookmark (id, at_ns, event, title, note, from_ns, to_ns, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      '01890a5d-ac96-774b-bcce-b302099a8001',
      5,
      'n1/1/2',
      'Here',
      'It “broke”,\nhere.',
      1,
      9,
      '2026-01-01T00:00:00.000Z',
    );
  database.close();
}

/** Everything that a trace holds, but for how far its spools were read. */
function contents(file: string): Record<string, unknown[]> {
  const database = openDatabase(file, { readonly: true });
  const tables = [...expectedObjects()].filter(
    ([name, sql]) => sql.startsWith('CREATE TABLE') && name !== 'spool',
  );
  const rows = tables.map(([name]) => [name, database.prepare(`SELECT * FROM ${name}`).all()] as const);
  database.close();
  return Object.fromEntries(rows);
}

describe('our own ndjson', () => {
  it('comes back as the same trace, table by table', async () => {
    const { out, events } = await folder.imported(exported);
    expect(events).toBeGreaterThan(500);
    expect(contents(out)).toEqual(contents(simulated));
  });

  it('comes back with the same states at a hundred moments', async () => {
    const { out } = await folder.imported(exported);
    const states = statesOf(simulated);
    expect(states.some(({ nodes }) => nodes.some(({ role }) => role === 'leader'))).toBe(true);
    expect(statesOf(out)).toEqual(states);
  });

  it('is the same text when what was imported is exported again', async () => {
    const { out } = await folder.imported(exported);
    expect(folder.exported(out, 'ndjson')).toBe(readFileSync(exported, 'utf8'));
  });

  it('keeps that a trace was truncated, why, and which events nobody recorded', async () => {
    const runFolder = new Folder();
    const run = writeSampleRun(runFolder.path);
    run.close();
    damageMiddle(join(run.spoolFolder, 'n2-1.spool'));
    const file = runFolder.file('qlab');
    await TraceRecording.start(file, run.spoolFolder, sampleHeader()).close('truncated', 'the disk was full');
    const { out, status, gaps } = await folder.imported(runFolder.exportedFile(file, 'ndjson'));
    expect(status).toBe('truncated');
    expect(gaps).toBeGreaterThan(0);
    const [first, second] = [file, out].map((trace) => reading(trace, (open) => open.query('info', {})));
    expect(second).toMatchObject({
      statusReason: 'the disk was full',
      gaps: first?.gaps,
      events: first?.events,
    });
    expect(folder.exported(out, 'ndjson')).toBe(folder.exported(file, 'ndjson'));
    expect(statesOf(out)).toEqual(statesOf(file));
    runFolder.remove();
  });

  it('is not looked for in a trace', async () => {
    await expect(folder.imported(simulated)).rejects.toThrow(/need not be imported/);
  });

  it('is refused where it is cut short, and nothing is left of it', async () => {
    const text = readFileSync(exported, 'utf8');
    const cut = folder.write('ndjson', text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1));
    await expect(folder.imported(cut)).rejects.toThrow(/is cut short: its last line is missing/);
    expect(readdirSync(folder.path).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it.each([
    [
      'an event is missing',
      (lines: string[]) => lines.splice(5, 1),
      /line \d+: says that there are|is missing before/,
    ],
    [
      'an event stands there twice',
      (lines: string[]) => lines.splice(5, 0, lines[5] ?? ''),
      /line 7: event \S+ stands there twice/,
    ],
    [
      'a field is of another form',
      (lines: string[]) => change(lines, 3, /"atNs":\d+/, '"atNs":-1'),
      /line 4: atNs must be a whole number/,
    ],
    [
      'a kind is not known',
      (lines: string[]) => change(lines, 3, /"kind":"[\w-]+"/, '"kind":"hunch"'),
      /line 4: event\.kind "hunch" is none/,
    ],
    ['a line is no JSON', (lines: string[]) => lines.splice(3, 1, '{"id":'), /line 4: is no JSON/],
    [
      'it is nested without end',
      (lines: string[]) => lines.splice(3, 1, `{"event":${'['.repeat(9_999)}`),
      /line 4: is nested more than 64/,
    ],
    [
      'a name means something to JavaScript',
      (lines: string[]) => change(lines, 3, '"event":{', '"event":{"\\u005f_proto__":{},'),
      /line 4: holds a field called __proto__/,
    ],
    [
      'a number is too large',
      (lines: string[]) => change(lines, 3, /"atNs":\d+/, '"atNs":1e300'),
      /line 4: atNs must be/,
    ],
    [
      'a source is a path',
      (lines: string[]) => change(lines, 3, /"id":"[^"]+"/, '"id":"../x/1/1"'),
      /line 4: id must be the id of an event/,
    ],
    [
      'it is of a later version',
      (lines: string[]) => change(lines, 0, '"version":1', '"version":9'),
      /line 1: was written by a later Quorum Lab/,
    ],
    [
      'its run has no proper id',
      (lines: string[]) => change(lines, 0, /"runId":"[^"]+"/, '"runId":"../../etc"'),
      /line 1: is no header .*runId/,
    ],
  ])('is refused where %s', async (_what, spoil, refusal) => {
    const lines = readFileSync(exported, 'utf8').split('\n');
    spoil(lines);
    const file = folder.write('ndjson', lines.join('\n'));
    await expect(folder.imported(file)).rejects.toThrow(refusal);
    await expect(folder.imported(file)).rejects.toThrow(file);
  });

  it('replaces a file only when it is told to, and leaves it as it was after an error', () => {
    const out = folder.write('ndjson', 'mine');
    const asked = {
      traceFile: simulated,
      format: 'ndjson',
      redact: false,
      out,
      part: `${out}.part`,
      freshId: '',
    } as const;
    expect(() => exportTrace({ ...asked, force: false }, () => undefined)).toThrow(
      /is there already.*--force/,
    );
    const spoilt = folder.write('qlab', 'SQLite format 3\0 and no more');
    expect(() => exportTrace({ ...asked, traceFile: spoilt, force: true }, () => undefined)).toThrow();
    expect(readFileSync(out, 'utf8')).toBe('mine');
    exportTrace({ ...asked, force: true }, () => undefined);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(exported, 'utf8'));
    expect(existsSync(asked.part)).toBe(false);
  });
});

function change(lines: string[], at: number, what: string | RegExp, by: string): void {
  lines[at] = (lines[at] ?? '').replace(what, () => by);
}

/** One byte of a frame in the middle of the spool. */
function damageMiddle(file: string): void {
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
}
