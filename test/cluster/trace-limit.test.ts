/** A run whose trace may not grow as large as the run would make it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTrace } from '../../src-main/trace/reader/open.ts';
import { lab } from './the-lab.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'trace-limit-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const reason =
  /the trace has reached the size that it may have \(300 KB\); allow it more, or record a shorter run/;

describe('lab run with --trace-size-max', () => {
  it('ends the run in order at that size, says why, and leaves a trace that says so too and lacks nothing', async () => {
    const file = path.join(folder, 'run.qlab');
    const ran = await lab('run', 'leader-crash', '--trace', file, '--trace-size-max', '300KB', '--json');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(reason);
    const result = JSON.parse(ran.stdout) as { ok: boolean; failure: string; trace: { complete: boolean } };
    expect(result).toMatchObject({ ok: false, trace: { complete: false, gaps: 0 } });
    expect(result.failure).toMatch(reason);
    const trace = openTrace(file);
    const info = trace.query('info', {});
    expect(info).toMatchObject({ status: 'truncated', gaps: 0 });
    expect(info.statusReason).toMatch(reason);
    const stopped = trace.query('events', {
      fromNs: 0,
      toNs: info.durationNs + 1,
      limit: 2,
      filter: { kinds: ['run-stopped'] },
    });
    expect(stopped.events.map(({ text }) => text)).toEqual([expect.stringMatching(reason)]);
    trace.close();
  });

  it('refuses what is no size', async () => {
    const ran = await lab('run', 'leader-crash', '--trace-size-max', 'large');
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('write 500MB or 20GB') as string });
  });
});
