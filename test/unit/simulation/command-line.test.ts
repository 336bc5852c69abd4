import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cli = path.resolve(import.meta.dirname, '../../../src-main/cli/main.ts');

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function simulate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, QUORUM_LAB_HOME: path.join(folder, 'home') };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'simulate', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

describe('lab simulate', () => {
  it('prints one JSON object, and progress elsewhere', async () => {
    const { code, stdout, stderr } = await simulate('--schedules', '20', '--nodes', '3', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(report).sort()).toEqual(
      ['violations', 'schedules', 'schedulesPerSecond', 'messages', 'wallSeconds', 'traceHash'].sort(),
    );
    expect(report).toMatchObject({ violations: [], schedules: 20 });
    expect(stderr).toMatch(/20 of 20 schedules, \d+ a second/);
  });

  it('says in words what it found, leaves trace and schedule, and shows the same from the schedule', async () => {
    const out = path.join(folder, 'out');
    const found = await simulate('--bug', 'ack-before-durable', '--schedules', '50', '--out', out);
    expect(found.code).toBe(1);
    const trace = /trace (\S+\.qlab)/.exec(found.stdout)?.[1] ?? '';
    expect(existsSync(trace)).toBe(true);
    const schedule = trace.replace(/qlab$/, 'schedule.json');
    const again = await simulate('--replay', schedule, '--out', out, '--json');
    expect(again.code).toBe(1);
    const report = JSON.parse(again.stdout) as {
      violations: { rule: string; shrunkEvents: number; trace: string }[];
    };
    expect(report.violations).toMatchObject([{ rule: 'committed-is-durable', trace }]);
    expect(report.violations[0]?.shrunkEvents).toBeLessThanOrEqual(200);
  });

  it.each([
    [['--bug', 'bad-luck'], 'no planted bug "bad-luck"; there are commit-old-term'],
    [['--option', 'reads=lease', '--option', 'checkQuorum=false'], 'reads is lease, but checkQuorum is off'],
    [['--protocol', 'paxos'], 'There is no protocol "paxos" to simulate; there is raft.'],
    [['--schedules', 'many'], '--schedules must be a whole number'],
    [['--nodes', '0'], '--nodes must be a whole number from 1 to 9'],
    [['--replay', 'nowhere.json'], 'nowhere.json holds no schedule that can be run'],
  ])('%s ends with exit 2 and the reason', async (args, reason) => {
    const { code, stdout, stderr } = await simulate(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(reason);
  });

  it('refuses a file that is no schedule, and says where it is wrong', async () => {
    const file = path.join(folder, 'wrong.json');
    writeFileSync(file, '{"format":"quorum-lab-schedule","version":1,"seed":-1}');
    const { code, stderr } = await simulate('--replay', file);
    expect(code).toBe(2);
    expect(stderr).toContain('wrong.json holds no schedule that can be run: seed');
  });
});
