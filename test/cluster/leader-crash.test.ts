import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScenarioResult } from '../../src-main/experiments/run-scenario.ts';
import { recompute, type Recomputed } from './recompute.ts';
import { cli, lab, root, type Ran } from './the-lab.ts';

describe('the leader-crash scenario on real processes', () => {
  let folder: string;
  let result: ScenarioResult;
  let ran: Ran;
  let independent: Recomputed;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'leader-crash-'));
    const trace = path.join(folder, 'run.qlab');
    const disks = path.join(folder, 'disks');
    ran = await lab(
      'run',
      'resources/scenarios/leader-crash.yaml',
      '--trace',
      trace,
      '--keep-disks',
      disks,
      '--seed',
      '7',
      '--json',
    );
    result = JSON.parse(ran.stdout) as ScenarioResult;
    independent = recompute(trace, path.join(disks, 'nodes'));
  }, 90_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('meets its expectations, loses nothing and leaves no gap', () => {
    expect(ran.code).toBe(0);
    expect(result).toMatchObject({
      ok: true,
      engine: 'process',
      protocol: 'raft',
      nodes: 5,
      seed: 7,
      findings: [],
      operations: { lost: 0 },
      trace: { complete: true, gaps: 0 },
    });
    expect(result.expectations.map(({ met }) => met)).toEqual([true, true]);
    expect(result.operations.acknowledged).toBeGreaterThan(100);
  });

  it('prints nothing but one JSON object on standard output', () => {
    expect(() => JSON.parse(ran.stdout) as unknown).not.toThrow();
  });

  it('agrees with an independent count of elections, messages and lost writes', () => {
    expect(result.elections.map(({ term, leader }) => ({ term, leader }))).toEqual(independent.leaders);
    expect(result.messages.sent).toBe(independent.sent);
    expect(result.messages.delivered).toBe(independent.delivered);
    expect(result.operations.acknowledged).toBe(independent.acknowledged);
    expect(independent.lost).toEqual([]);
    for (const [at, election] of result.elections.entries()) {
      const counted = independent.elections[at];
      expect(election.campaignMs).toBeCloseTo(counted?.campaignMs ?? Number.NaN, 3);
      expect(election.firstCommitMs).toBeCloseTo(counted?.firstCommitMs ?? Number.NaN, 3);
    }
  });

  it('elected one leader a term, and the second one replaced the killed one', () => {
    expect(result.elections.length).toBeGreaterThanOrEqual(2);
    expect(new Set(result.elections.map(({ term }) => term)).size).toBe(result.elections.length);
    expect(result.elections.at(-1)?.leader).not.toBe(result.elections[0]?.leader);
  });

  it('ran every node in a process of its own', () => {
    expect(independent.pids.length).toBe(6); // five, and the killed one a second time
    expect(new Set(independent.pids).size).toBe(6);
    expect(independent.pids).not.toContain(process.pid);
  });

  it('delivered nothing that was not sent before', () => {
    expect(independent.deliveredUnsent).toBe(0);
    expect(independent.deliveredBeforeSent).toBe(0);
  });
});

describe('the leader-crash scenario with every option on', () => {
  const options = [
    'preVote=true',
    'checkQuorum=true',
    'reads=lease',
    'priorities.n1=1',
    'snapshotEveryEntries=300',
    'snapshotKeepEntries=50',
  ];

  it('loses nothing, though logs are compacted, and is recorded with these options', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'leader-crash-'));
    try {
      const trace = path.join(folder, 'run.qlab');
      const disks = path.join(folder, 'disks');
      const flags = options.flatMap((option) => ['--option', option]);
      const ran = await lab(
        ...['run', 'leader-crash', ...flags],
        ...['--trace', trace, '--keep-disks', disks, '--json'],
      );
      const result = JSON.parse(ran.stdout) as ScenarioResult;
      expect(result).toMatchObject({ ok: true, findings: [], operations: { lost: 0 }, trace: { gaps: 0 } });
      expect(ran.code).toBe(0);
      expect(result.operations.acknowledged).toBeGreaterThan(300);
      expect(recompute(trace, path.join(disks, 'nodes')).lost).toEqual([]);
      expect(recompute.runOptions(trace)).toMatchObject({
        electionTimeoutMs: { min: 150, max: 300 },
        preVote: true,
        checkQuorum: true,
        reads: 'lease',
        priorities: { n1: 1 },
      });
      expect(recompute.kinds(trace)).toEqual(expect.arrayContaining(['lease', 'snapshot', 'compact']));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('a kill from outside the lab', () => {
  it('is seen, recorded as such, and survived', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'outside-kill-'));
    const trace = path.join(folder, 'run.qlab');
    try {
      const child = spawn(process.execPath, [cli, 'run', 'leader-crash', '--trace', trace, '--json'], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      let stdout = '';
      let killed: number | undefined;
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        if (killed === undefined && /leads term/.test(stderr) && existsSync(trace)) {
          const follower = recompute.runningFollower(trace);
          if (follower !== undefined) {
            killed = follower;
            process.kill(follower, 'SIGKILL');
          }
        }
      });
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      expect(killed).toBeDefined();
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, operations: { lost: 0 } });
      expect(recompute.outsideKills(trace)).toEqual([killed]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
