import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../../../src-main/lab/lab.ts';
import type { QueryName } from '../../../src-main/trace/model/queries.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { sampleHeader, writeSampleRun } from '../../unit/trace/sample-run.ts';
import { BAD_TRACES, badTraces, type BadTrace } from './bad-traces.ts';

const AT_ONCE = 3;
const OPEN_MS_MAX = 2_000;
const RSS_KIB_MAX = 256 * 1024;

let folder: string;
let lab: Lab;
let good: string;
let goodRun: string;
let goodState: unknown;
let usualMs: number;
let peaks: PeakMemory;

const badRun = (number: number) => `01890a5d-ac96-774b-bcce-b40000000${String(number).padStart(3, '0')}`;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-hostile-'));
  process.env['QUORUM_LAB_HOME'] = path.join(folder, 'home');
  good = path.join(folder, 'good.qlab');
  const run = writeSampleRun(folder);
  run.close();
  await TraceRecording.start(good, run.spoolFolder, sampleHeader()).close('complete', 'over');
  const database = new Database(good);
  database.pragma('page_size = 1024');
  database.exec('VACUUM');
  database.close();
  lab = createLab({ kind: 'browser', log: () => undefined });
  peaks = new PeakMemory();
  const beganMs = performance.now();
  goodRun = await lab.openFile(good);
  usualMs = performance.now() - beganMs;
  goodState = await ask(goodRun, 'stateAt', { atNs: 800e6 });
});

afterAll(async () => {
  peaks.stop();
  await lab.close();
  delete process.env['QUORUM_LAB_HOME'];
  rmSync(folder, { recursive: true, force: true });
});

function ask(runId: string, query: QueryName, params: object): Promise<unknown> {
  return lab.call('query', { runId, query, params });
}

/** What the views ask when they open. */
const QUESTIONS: readonly [QueryName, object][] = [
  ['info', {}],
  ['totals', {}],
  ['stateAt', { atNs: 800e6 }],
  ['lanes', { fromNs: 0, toNs: 2e9 }],
  ['messages', { fromNs: 0, toNs: 2e9, limit: 1_000, heartbeats: true }],
  ['events', { fromNs: 0, toNs: 2e9, limit: 500 }],
  ['events', { fromNs: 0, toNs: 2e9, limit: 100, filter: { text: 'leader' } }],
  ['elections', {}],
  ['faults', {}],
  ['operations', { fromNs: 0, toNs: 2e9, limit: 100 }],
  ['operationBuckets', { fromNs: 0, toNs: 2e9, buckets: 100 }],
  ['commits', { fromNs: 0, toNs: 2e9, buckets: 100 }],
  ['marks', { fromNs: 0, toNs: 2e9, buckets: 100 }],
  ['density', { fromNs: 0, toNs: 2e9, buckets: 500 }],
  ['logs', { atNs: 800e6, count: 50 }],
  ['step', { atNs: 800e6, direction: 'next', kind: 'event' }],
  ['step', { atNs: 800e6, direction: 'previous', kind: 'term' }],
  ['chain', { id: 'lab/1/1', limit: 100 }],
];

/** The highest memory of each child while it lived. */
class PeakMemory {
  readonly #peaks = new Map<string, number>();
  readonly #timer = setInterval(() => this.look(), 20);

  get highestKib(): number {
    return Math.max(0, ...this.#peaks.values());
  }

  look(): void {
    try {
      const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1');
      for (const pid of children.split(' ').filter((text) => text !== '')) {
        const status = readFileSync(`/proc/${pid}/status`, 'latin1');
        const kib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
        this.#peaks.set(pid, Math.max(kib, this.#peaks.get(pid) ?? 0));
      }
    } catch {
      // One of them has just ended, or the system does not tell.
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** What is wrong with it as a sentence for a person, which names the file and speaks of no code. */
function complaintsAbout(text: string, file: string): string[] {
  return [
    text.includes(path.basename(file)) ? '' : 'does not name the file',
    /undefined|\[object|\bat .*:\d+:\d+|NaN|Cannot read/.test(text) ? 'speaks of the code' : '',
    text.endsWith('.') ? '' : 'is no sentence',
    text.length > 600 ? 'is too long' : '',
  ].filter((complaint) => complaint !== '');
}

interface Outcome {
  what: string;
  how: 'refused' | 'shown' | 'shown in part';
  openMs: number;
  complaints: string[];
}

async function tryOne({ name: what }: BadTrace, file: string): Promise<Outcome> {
  const complaints: string[] = [];
  const check = (error: unknown, asked: string) => {
    const { message } = error as Error;
    for (const complaint of complaintsAbout(message, file))
      complaints.push(`${asked}: ${complaint}: ${message}`);
  };
  const beganMs = performance.now();
  let runId: string;
  try {
    runId = await lab.openFile(file);
  } catch (error) {
    check(error, 'opening');
    return { what, how: 'refused', openMs: performance.now() - beganMs, complaints };
  }
  const openMs = performance.now() - beganMs;
  let failed = 0;
  for (const [query, params] of QUESTIONS) {
    try {
      if (typeof (await ask(runId, query, params)) !== 'object') complaints.push(`${query} answered nothing`);
    } catch (error) {
      failed++;
      check(error, query);
    }
  }
  peaks.look();
  await lab.call('deleteRun', { runId });
  return { what, how: failed === 0 ? 'shown' : 'shown in part', openMs, complaints };
}

describe('two hundred traces that are damaged or made to do harm', () => {
  it(
    'are shown as far as they can be or refused with a sentence, in time and in little memory, and the others go on',
    { timeout: 600_000 },
    async () => {
      const list = badTraces(readFileSync(good), badRun);
      expect(list).toHaveLength(BAD_TRACES);
      // All of them first: making one keeps this process from everything else.
      const waiting = list.map((bad, number) => {
        const at = path.join(folder, `bad-${number}`);
        mkdirSync(at);
        return { bad, at, file: bad.make(at) };
      });
      const outcomes: Outcome[] = [];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          outcomes.push(await tryOne(next.bad, next.file));
          rmSync(next.at, { recursive: true, force: true });
          expect(await ask(goodRun, 'stateAt', { atNs: 800e6 })).toEqual(goodState);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const count = (how: Outcome['how']) => outcomes.filter((outcome) => outcome.how === how).length;
      const slowest = outcomes.reduce((one, other) => (one.openMs > other.openMs ? one : other));
      console.log(
        `${count('refused')} refused, ${count('shown')} shown, ${count('shown in part')} shown in part; highest memory of a reader ` +
          `${Math.round(peaks.highestKib / 1024)} MiB; slowest to open ${Math.round(slowest.openMs)} ms (${slowest.what}), a good one ${Math.round(usualMs)} ms`,
      );
      expect(outcomes.filter(({ complaints }) => complaints.length > 0)).toEqual([]);
      expect(outcomes.filter(({ openMs }) => openMs > OPEN_MS_MAX + 3 * usualMs)).toEqual([]);
      // What lies in wait is not let in, and what is only cut or bent is not all thrown away.
      expect(count('refused')).toBeGreaterThan(80);
      expect(count('shown') + count('shown in part')).toBeGreaterThan(40);
      if (process.platform === 'linux') expect(peaks.highestKib).toBeLessThan(RSS_KIB_MAX);
    },
  );
});
