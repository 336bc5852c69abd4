/** The bench of the trace, over a trace that is far too small to tell anything but that it measures. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceBench } from '../../src-main/experiments/trace-bench.ts';
import { openTrace } from '../../src-main/trace/reader/open.ts';
import { lab } from './the-lab.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'trace-bench-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('lab bench trace', () => {
  it('records a simulated run of so many events, asks it at eight zooms, and leaves the trace where it is told to', async () => {
    const file = path.join(folder, 'kept.qlab');
    const ran = await lab('bench', 'trace', '--events', '20000', '--keep', file, '--json');
    expect(ran).toMatchObject({ code: 0 });
    const result = JSON.parse(ran.stdout) as TraceBench;
    expect(result.events).toBeGreaterThanOrEqual(20_000);
    expect(result.bytesPerEvent).toBe(Math.round(result.fileBytes / result.events));
    for (const figure of [result.recordEventsPerSecond, result.openMs, result.stateAtMsP95])
      expect(figure).toBeGreaterThan(0);
    expect(result.zooms).toHaveLength(8);
    expect(result.zooms.at(-1)?.spanNs).toBe(20_000);
    expect(result.windowQueryMsP95).toBe(Math.max(...result.zooms.map(({ p95Ms }) => p95Ms)));
    expect(existsSync(`${file}.making`)).toBe(false);
    const trace = openTrace(file);
    expect(trace.query('info', {})).toMatchObject({ status: 'complete', events: result.events, gaps: 0 });
    trace.close();
  });

  it('refuses a number of events that is none', async () => {
    const ran = await lab('bench', 'trace', '--events', 'many');
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('--events must be') as string });
  });
});
