import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { giveWay } from '../../src-main/cluster/priority.ts';
import { measureThroughput, type Mode } from '../../src-main/experiments/throughput.ts';

const plan = { nodes: 3, clients: [1, 4], seconds: 1, warmUpSeconds: 0.1, profile: 'raft-paper' };

describe('measuring throughput', () => {
  it('measures real clusters with every number of clients, traced and not, and leaves nothing behind', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-throughput-'));
    try {
      const told: [Mode, number][] = [];
      const result = await measureThroughput({ ...plan, folder }, (mode, { clients }) =>
        told.push([mode, clients]),
      );
      expect(told).toEqual([
        ['traced', 1],
        ['untraced', 1],
        ['untraced', 4],
        ['traced', 4],
      ]);
      expect(result).toMatchObject({ nodes: 3, valueBytes: 128, seconds: 1, profile: 'raft-paper' });
      for (const level of [...result.traced, ...result.untraced]) {
        const { opsPerSecond, acknowledged, p50Ms, p99Ms } = level;
        expect(acknowledged).toBeGreaterThan(0);
        // The window is a second long, and some more where a timer is late.
        expect(opsPerSecond).toBeLessThanOrEqual(acknowledged * 1.01);
        expect(p50Ms).toBeGreaterThan(0);
        expect(p99Ms).toBeGreaterThanOrEqual(p50Ms ?? Infinity);
      }
      expect(result.traced.map(({ clients, gaps }) => [clients, gaps])).toEqual([
        [1, 0],
        [4, 0],
      ]);
      // An operation makes four events of its own, whatever it shares with others.
      for (const { events, acknowledged } of result.traced) expect(events).toBeGreaterThan(4 * acknowledged);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends when asked to, in order', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-throughput-'));
    try {
      const ended = new AbortController();
      const measuring = measureThroughput({ ...plan, seconds: 600, folder }, () => undefined, ended.signal);
      while (readdirSync(folder).length === 0) await wait(20);
      ended.abort(new Error('enough'));
      await expect(measuring).rejects.toThrow('enough');
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a process that gives way', () => {
  it('is left what the others do not want', async () => {
    const child = fork(path.join(import.meta.dirname, 'idler.ts'), { execArgv: [] });
    try {
      await once(child, 'message');
      const pid = child.pid ?? 0;
      giveWay(pid);
      while (!isLow(pid)) await wait(10);
      expect(isLow(process.pid)).toBe(false);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** Field 41 of `/proc/<pid>/stat` is the scheduling policy, of which 5 is SCHED_IDLE (proc(5)). */
function isLow(pid: number): boolean {
  if (getPriority(pid) > 0) return true;
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  const stat = readFileSync(file, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38] === '5';
}
