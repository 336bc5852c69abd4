import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../../src-main/lab/lab.ts';
import type { TraceInfo } from '../../src-main/trace/model/queries.ts';

/** `npm run campaign` asks for a hundred. */
const ROUNDS = Number(process.env['QUORUM_LAB_ROUNDS'] ?? 3);
const ROUND_MS_MAX = 60_000;
/** The kill comes at a random moment within this time of a busy run. */
const MOMENT_MS_MAX = 1_500;

let home: string;
let lab: Lab;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'quorum-lab-killed-'));
  process.env['QUORUM_LAB_HOME'] = home;
  lab = createLab({ kind: 'browser', log: () => undefined });
});
afterAll(async () => {
  await lab.close();
  delete process.env['QUORUM_LAB_HOME'];
  rmSync(home, { recursive: true, force: true });
});

interface Doomed {
  pids: number[];
  recorder: number;
  folder: string;
  traceFile: string;
}

describe('a lab that is killed together with its recorder', () => {
  it(
    'leaves a trace that says it was cut off and lacks nothing that its spools hold',
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const killed = spawn(process.execPath, [path.join(import.meta.dirname, 'doomed-recording.ts')], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, QUORUM_LAB_HOME: home },
        });
        const doomed = await firstLine(killed.stdout);
        try {
          await wait(Math.random() * MOMENT_MS_MAX);
          killed.kill('SIGKILL');
          process.kill(doomed.recorder, 'SIGKILL');
          while ([...doomed.pids, doomed.recorder].some(isAlive)) await wait(20);
          const spooled = readSpools(path.join(doomed.folder, 'spool'));
          expect(spooled.size).toBeGreaterThan(100);

          const runId = await lab.openFile(doomed.traceFile);
          const info = (await lab.call('query', { runId, query: 'info', params: {} })) as TraceInfo;
          expect(info).toMatchObject({ status: 'truncated', gaps: 0 });
          expect(info.statusReason).toMatch(/^cut off/);
          expect(missingIn(doomed.traceFile, spooled)).toEqual([]);
          expect(existsSync(path.join(doomed.folder, 'spool'))).toBe(false);
          expect(readdirSync(path.join(home, 'recordings'))).toEqual([]);
          await lab.call('deleteRun', { runId });
        } finally {
          rmSync(doomed.folder, { recursive: true, force: true });
        }
      }
      console.log(
        `${ROUNDS} kills of lab and recorder: each trace opened, said that it was cut off, and lacked nothing`,
      );
    },
    ROUNDS * ROUND_MS_MAX,
  );
});

function firstLine(stream: NodeJS.ReadableStream): Promise<Doomed> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(JSON.parse(text) as Doomed);
    });
    stream.on('end', () => reject(new Error('the lab ended before it was killed')));
  });
}

/** Id -> payload of every event in whole frames, read without the recorder's code. */
function readSpools(folder: string): Map<string, unknown> {
  const events = new Map<string, unknown>();
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(path.join(folder, name));
    const owner = name.replace(/-(\d+)\.spool$/, '/$1');
    for (let at = 0, first = true; at + 8 <= bytes.length; first = false) {
      const end = at + 8 + bytes.readUInt32LE(at);
      const body = bytes.subarray(at + 8, end);
      if (end > bytes.length || crc32(body) !== bytes.readUInt32LE(at + 4)) break;
      at = end;
      if (first) continue;
      const [from = '', ...lines] = body.toString('utf8').trimEnd().split('\n');
      for (const [offset, line] of lines.entries())
        events.set(`${owner}/${Number(from) + offset}`, JSON.parse(line.split('\t').slice(3).join('\t')));
    }
  }
  return events;
}

function missingIn(traceFile: string, spooled: ReadonlyMap<string, unknown>): string[] {
  const trace = new Database(traceFile, { readonly: true });
  try {
    const rows = trace
      .prepare("SELECT source || '/' || incarnation || '/' || seq AS id, body FROM event")
      .all() as { id: string; body: string }[];
    const recorded = new Map(rows.map(({ id, body }) => [id, body]));
    return [...spooled].flatMap(([id, payload]) => {
      const body = recorded.get(id);
      if (body === undefined) return [id];
      return JSON.stringify(JSON.parse(body)) === JSON.stringify(payload) ? [] : [`${id} differs`];
    });
  } finally {
    trace.close();
  }
}

/** A zombie has ended: it only waits for whoever inherited it to take note. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
