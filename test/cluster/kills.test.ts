import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { startCluster } from './a-cluster.ts';

/** `npm run campaign` asks for more rounds than fit into a test run. */
const rounds = (few: number) => Number(process.env['QUORUM_LAB_ROUNDS'] ?? few);
const ROUND_MS_MAX = 30_000;

/** A zombie has ended: it only waits for whoever inherited it to take note. */
function isAlive(pid: number): boolean {
  if (process.platform === 'linux') {
    try {
      const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
      return state !== 'Z' && state !== 'X';
    } catch {
      return false;
    }
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** For the message of a failure: what each process still does. */
function described(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(0, 4).join(' ');
  } catch {
    return `${pid}`;
  }
}

describe('a lab that is killed', () => {
  it(
    'leaves no process behind two seconds later, not even a paused node',
    async () => {
      for (let round = 0; round < rounds(3); round++) {
        const lab = spawn(process.execPath, [path.join(import.meta.dirname, 'doomed-lab.ts')], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const { pids, folder } = await new Promise<{ pids: number[]; folder: string }>((resolve, reject) => {
          let text = '';
          lab.stdout.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
            if (text.includes('\n')) resolve(JSON.parse(text) as { pids: number[]; folder: string });
          });
          lab.once('close', () => reject(new Error('the lab ended before it was killed')));
        });
        try {
          expect(pids.length).toBe(7);
          expect(pids.filter(isAlive)).toEqual(pids);
          lab.kill('SIGKILL');
          await new Promise((resolve) => lab.once('exit', resolve));
          const deadline = performance.now() + 2_000;
          while (pids.some(isAlive) && performance.now() < deadline) await wait(20);
          expect(pids.filter(isAlive).map(described)).toEqual([]);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }
    },
    rounds(3) * ROUND_MS_MAX,
  );
});

describe('a busy node that is killed', () => {
  it(
    'has recorded the send of every message that another node received',
    async () => {
      const run = await startCluster(3);
      try {
        await run.leader();
        run.cluster.setWorkload({ clients: 8, keys: 50, valueBytes: 64, readRatio: 0 });
        for (let round = 0; round < 2 * rounds(3); round++) {
          await run.acknowledged((run.live.latest?.state.operations.acknowledged ?? 0) + 30);
          // Leaders send the most, but followers' replies must be recorded too.
          const victim = round % 3 === 2 ? `n${1 + (round % 3)}` : await run.leader();
          if (!run.cluster.node(victim).alive) continue;
          await run.cluster.kill(victim);
          await run.leader();
          await run.cluster.restart(victim);
        }
        const { gaps } = await run.stop();
        expect(gaps).toBe(0);
        expect(unsentDeliveries(run.traceFile)).toEqual([]);
      } finally {
        await run.stop().catch(() => undefined);
        run.remove();
      }
    },
    2 * rounds(3) * ROUND_MS_MAX,
  );
});

describe('a recorder that is killed', () => {
  it(
    'is started again and misses nothing',
    async () => {
      const run = await startCluster(3);
      try {
        await run.leader();
        run.cluster.setWorkload({ clients: 4, keys: 50, valueBytes: 64, readRatio: 0 });
        for (let round = 0; round < rounds(3); round++) {
          await run.acknowledged((run.live.latest?.state.operations.acknowledged ?? 0) + 30);
          const pid = run.cluster.recorderPid;
          process.kill(pid ?? 0, 'SIGKILL');
          while (run.cluster.recorderPid === pid) await wait(10);
        }
        await run.acknowledged((run.live.latest?.state.operations.acknowledged ?? 0) + 30);
        const { gaps } = await run.stop();
        expect(gaps).toBe(0);
        expect(unnumbered(run.traceFile)).toEqual([]);
        expect(unsentDeliveries(run.traceFile)).toEqual([]);
      } finally {
        await run.stop().catch(() => undefined);
        run.remove();
      }
    },
    rounds(3) * ROUND_MS_MAX,
  );
});

/** Messages that somebody received and nobody recorded sending. */
function unsentDeliveries(traceFile: string): string[] {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return trace
      .prepare(
        `WITH sent AS MATERIALIZED (SELECT source || '/' || incarnation || '/' || seq AS id FROM event WHERE kind = 'send')
         SELECT DISTINCT json_extract(body, '$.message') FROM event
         WHERE kind IN ('arrive', 'deliver') AND json_extract(body, '$.message') NOT IN (SELECT id FROM sent)`,
      )
      .pluck()
      .all() as string[];
  } finally {
    trace.close();
  }
}

/** Sources whose events are not numbered 1, 2, 3, … */
function unnumbered(traceFile: string): string[] {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return trace
      .prepare(
        "SELECT source || '/' || incarnation FROM event GROUP BY source, incarnation HAVING count(*) <> max(seq) OR min(seq) <> 1",
      )
      .pluck()
      .all() as string[];
  } finally {
    trace.close();
  }
}
