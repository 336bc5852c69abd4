import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command, CommandResult } from '../../src-main/api/contract.ts';
import { createLab, type Lab } from '../../src-main/lab/lab.ts';

describe('a window changes the membership of a live run', () => {
  let home: string;
  let lab: Lab;
  let runId: string;

  beforeAll(async () => {
    home = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
    process.env['QUORUM_LAB_HOME'] = home;
    lab = createLab({ kind: 'browser', log: () => undefined });
    const started = await lab.call('startRun', { nodes: 3, profile: 'raft-paper', clients: 2 });
    ({ runId } = started as { runId: string });
  });
  afterAll(async () => {
    await lab.close();
    delete process.env['QUORUM_LAB_HOME'];
    rmSync(home, { recursive: true, force: true });
  });

  async function execute(command: Command): Promise<string> {
    return ((await lab.call('execute', { runId, command }, 'test')) as CommandResult).text;
  }

  it('a node joins as a learner, catches up, becomes a voter and leads', async () => {
    expect(await execute({ kind: 'add-node', node: 'n4', as: 'learner' })).toBe(
      'n4 has joined as a learner.',
    );
    await expect(execute({ kind: 'transfer', node: 'n4' })).rejects.toThrow(
      'n4 has no vote, so it cannot lead.',
    );
    expect(await execute({ kind: 'promote', node: 'n4' })).toBe('n4 is a voter now.');
    expect(await execute({ kind: 'transfer', node: 'n4' })).toBe('n4 leads now.');
    await expect(execute({ kind: 'transfer', node: 'n4' })).rejects.toThrow('n4 leads already.');
  });

  it('a voter goes, its process with it, and it may come back only as a learner', async () => {
    expect(await execute({ kind: 'remove-node', node: 'n1' })).toBe('n1 was removed.');
    await expect(execute({ kind: 'kill', node: 'n1' })).rejects.toThrow(
      'n1 was removed from this cluster; it has n2, n3, n4.',
    );
    await expect(execute({ kind: 'add-node', node: 'n1', as: 'voter' })).rejects.toThrow(
      /n1 was removed and comes back on another disk/,
    );
    expect(await execute({ kind: 'heal' })).toBe('Nothing was broken.');
    expect(await execute({ kind: 'add-node', node: 'n1', as: 'learner' })).toBe(
      'n1 has joined as a learner.',
    );
    expect(await execute({ kind: 'restart', node: 'n1' })).toContain('started again');
  });

  it('a voter whose disk is replaced comes back as a learner, under another storage id', async () => {
    expect(await execute({ kind: 'replace-node', node: 'n2' })).toMatch(/n2 is back on an empty disk/);
    await expect(execute({ kind: 'demote', node: 'n2' })).rejects.toThrow('n2 is a learner already.');
    expect(await execute({ kind: 'promote', node: 'n2' })).toBe('n2 is a voter now.');
  });

  it('several voters change at once through a joint configuration that waits to be left', async () => {
    const changes = [
      { kind: 'add-learner', node: 'n3' },
      { kind: 'add-voter', node: 'n1' },
    ] as const;
    await expect(
      execute({ kind: 'change-membership', changes: [...changes], transition: 'simple' }),
    ).rejects.toThrow(/^2 voters would change at once/);
    const transition = 'joint-explicit';
    expect(await execute({ kind: 'change-membership', changes: [...changes], transition })).toBe(
      'The change is committed.',
    );
    await expect(execute({ kind: 'remove-node', node: 'n2' })).rejects.toThrow(
      /is joint .*: leave that first/,
    );
    expect(await execute({ kind: 'leave-joint' })).toBe('The joint configuration has been left.');
    await expect(execute({ kind: 'leave-joint' })).rejects.toThrow('The configuration is not joint.');
  });

  it('logs are compacted on demand, and what a replica refuses is told', async () => {
    expect(await execute({ kind: 'snapshot', node: 'n1' })).toBe('n1 has saved a snapshot.');
    await expect(execute({ kind: 'promote', node: 'n9' })).rejects.toThrow(
      'There is no node n9 in this cluster',
    );
    await expect(execute({ kind: 'add-node', node: 'n2', as: 'learner' })).rejects.toThrow(
      'There is a node n2 in this cluster already.',
    );
    await expect(execute({ kind: 'campaign', node: 'n3' })).rejects.toThrow(/^n3 refused: /);
  });

  it('the trace tells who asked for what, what was refused, and how it ended', async () => {
    await lab.call('stopRun', { runId });
    const folder = path.join(home, 'runs', runId);
    const trace = new Database(path.join(folder, 'run.qlab'), { readonly: true });
    try {
      const ask = (sql: string) => trace.prepare(sql).pluck().all();
      expect(ask('SELECT status FROM run')).toEqual(['complete']);
      const refused = ask(
        "SELECT json_extract(body, '$.refused') FROM event WHERE kind = 'operator' AND json_extract(body, '$.refused') IS NOT NULL",
      );
      expect(refused).toHaveLength(11);
      const [last] = ask(
        `SELECT json_extract(body, '$.configuration') FROM event WHERE kind = 'configuration' AND json_extract(body, '$.stage') = 'committed'
         ORDER BY json_extract(body, '$.index') DESC LIMIT 1`,
      );
      expect(JSON.parse(last as string)).toMatchObject({
        voters: ['n1', 'n2', 'n4'],
        learners: ['n3'],
        outgoing: [],
      });
      const ids = ask(
        "SELECT DISTINCT source || ' ' || json_extract(body, '$.storageId') FROM event WHERE kind = 'node-started' ORDER BY 1",
      ) as string[];
      expect(ids.map((id) => id.slice(0, 2))).toEqual(['n1', 'n1', 'n2', 'n2', 'n3', 'n4']);
      // Restarting n1 was the only fault.
      expect(ask('SELECT type FROM fault')).toEqual(['kill']);
    } finally {
      trace.close();
    }
    expect(readdirSync(path.join(folder, 'nodes'))).toEqual(['n1', 'n2', 'n3', 'n4']);
    expect(readFileSync(path.join(folder, 'run.qlab')).length).toBeGreaterThan(0);
  });
});
