import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../../src-main/cluster/cluster.ts';
import { runHeader } from '../../src-main/experiments/header.ts';
import { readProfile } from '../../src-main/experiments/profile.ts';
import { startCluster } from './a-cluster.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What the lab recorded of a node's processes, in order. */
function lives(traceFile: string, node: string): { kind: string; of: number; pid: number | null }[] {
  const trace = new Database(traceFile, { readonly: true });
  try {
    return trace
      .prepare(
        `SELECT kind, body ->> '$.of' AS "of", body ->> '$.pid' AS pid FROM event
         WHERE kind IN ('process-spawned', 'process-exited') AND body ->> '$.node' = ? ORDER BY seq`,
      )
      .all(node) as { kind: string; of: number; pid: number | null }[];
  } finally {
    trace.close();
  }
}

describe('commands in quick succession', () => {
  it('start a dead node once, however many ask for it at the same time', async () => {
    const run = await startCluster(3);
    try {
      await run.leader();
      await run.cluster.kill('n2');
      await Promise.all([run.cluster.restart('n2'), run.cluster.heal(), run.cluster.restart('n2')]);
      expect(run.cluster.node('n2').ready).toBe(true);
      await run.stop();
      const recorded = lives(run.traceFile, 'n2');
      // One process at a time: each is spawned after the one before it ended.
      expect(recorded.map(({ kind }) => kind)).toEqual(
        recorded.map((_, at) => (at % 2 === 0 ? 'process-spawned' : 'process-exited')),
      );
      expect(recorded.flatMap(({ pid }) => pid ?? []).filter(isAlive)).toEqual([]);
    } finally {
      await run.stop().catch(() => undefined);
      run.remove();
    }
  });

  it('leave no node behind when the run is stopped in the middle of a restart', async () => {
    const run = await startCluster(3);
    try {
      await run.leader();
      const restarting = run.cluster.restart('n1').then(
        () => 'started',
        (error: Error) => error.message,
      );
      await run.stop();
      await restarting;
      for (const node of run.cluster.nodes) expect(node.alive).toBe(false);
      const pids = run.cluster.nodes.flatMap(({ id }) =>
        lives(run.traceFile, id).flatMap(({ pid }) => pid ?? []),
      );
      expect(pids.filter(isAlive)).toEqual([]);
      await expect(run.cluster.restart('n1')).rejects.toThrow('being stopped');
    } finally {
      await run.stop().catch(() => undefined);
      run.remove();
    }
  });

  it('are refused by a node that is still starting, where they would stop it before it listens', async () => {
    const run = await startCluster(3);
    try {
      await run.leader();
      await run.cluster.kill('n3');
      const restarting = run.cluster.restart('n3');
      while (!run.cluster.node('n3').alive) await wait(1);
      expect(() => run.cluster.pause('n3')).toThrow('n3 is still starting');
      await restarting;
      run.cluster.pause('n3');
      expect(run.cluster.node('n3').paused).toBe(true);
    } finally {
      await run.stop().catch(() => undefined);
      run.remove();
    }
  });
});

describe('a recorder and a load process that fail again and again', () => {
  it('are given up with a sentence instead of being started for ever', async () => {
    let told: string | undefined;
    const run = await startCluster(1, 1, { recordingFailed: (error) => (told = error) });
    try {
      await run.leader();
      // Both come up and fail then: there is nothing to read the spools from and nowhere to write them.
      rmSync(path.join(run.folder, 'spool'), { recursive: true });
      process.kill(run.cluster.loadPid ?? 0, 'SIGKILL');
      while (told === undefined) await wait(20);
      expect(told).toMatch(/recorder of .*run\.qlab ended 6 times in a row: .*spool/);
      for (;;) {
        const refusal = await run.cluster.call({ call: 'get', key: 'k' }, 'lab/1/1').then(
          () => '',
          (error: Error) => error.message,
        );
        if (!refusal.includes('in a row')) {
          await wait(20);
          continue;
        }
        expect(refusal).toMatch(/^The load process ended 6 times in a row .*spool.*Stop this run/);
        break;
      }
    } finally {
      await run.stop().catch(() => undefined);
      run.remove();
    }
  });
});

describe('a cluster that cannot start', () => {
  it('leaves a file that is in its way alone, and nothing of its own behind', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
    const { options } = readProfile('raft-paper');
    const header = runHeader({ title: 'test', profile: 'raft-paper', options, nodes: 3, seed: 1 });
    const notes = path.join(folder, 'notes.txt');
    writeFileSync(notes, 'not a trace, and longer than nothing');
    try {
      const start = Cluster.start({ header, options, folder, traceFile: notes, operationTimeoutMs: 2_000 });
      await expect(start).rejects.toThrow(/notes\.txt/);
      expect(readFileSync(notes, 'utf8')).toBe('not a trace, and longer than nothing');
      expect(readdirSync(folder)).toEqual(['notes.txt']);

      const inNoFolder = {
        header,
        options,
        folder: path.join(notes, 'run'),
        traceFile: path.join(folder, 'run.qlab'),
      };
      await expect(Cluster.start({ ...inNoFolder, operationTimeoutMs: 2_000 })).rejects.toThrow(
        /ENOTDIR|EEXIST/,
      );
      expect(existsSync(inNoFolder.traceFile)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
