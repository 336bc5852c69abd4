import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { writeTrace } from '../../../src-main/simulation/write-trace.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import { eventsOf, MS, plainSchedule, watch, writer } from '../simulation/plain-schedule.ts';
import { sampleHeader } from './sample-run.ts';

it('the figures of a run are what its events come to, counted one by one', async () => {
  const schedule = plainSchedule({
    clients: [writer('c1', 60, 20), writer('c2', 60, 20)],
    actions: [{ atNs: 900 * MS, kind: 'kill', node: '@0', power: false, downNs: 400 * MS }],
    untilMs: 2_500,
  });
  const watched = watch(schedule);
  const folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-figures-'));
  try {
    const file = path.join(folder, 'run.qlab');
    await writeTrace(schedule, file, sampleHeader());
    const trace = openTrace(file);
    const { termMax, messages, operations } = trace.query('figures', {});
    trace.close();

    expect(termMax).toBe(Math.max(...eventsOf(watched, 'term').map(({ to }) => to)));
    const sends = eventsOf(watched, 'send');
    expect(messages.length).toBe(new Set(sends.map(({ type }) => type)).size);
    for (const { type, sent, bytes } of messages) {
      const ofType = sends.filter((send) => send.type === type);
      expect(sent).toBeGreaterThanOrEqual(ofType.length);
      expect(bytes).toBeGreaterThanOrEqual(ofType.reduce((sum, send) => sum + send.bytes, 0));
    }
    const delivered = messages.reduce((sum, row) => sum + row.delivered, 0);
    expect(delivered).toBe(eventsOf(watched, 'deliver').length);

    const invoked = new Map(eventsOf(watched, 'invoke').map((event) => [event.operation, event.atNs]));
    const completed = eventsOf(watched, 'complete');
    for (const { outcome, count, p50Ms, p99Ms } of operations) {
      if (outcome === 'open') continue;
      const tookNs = completed
        .filter((event) => event.outcome === outcome)
        .map((event) => event.atNs - (invoked.get(event.operation) ?? NaN))
        .sort((a, b) => a - b);
      const rank = (share: number): number | null => {
        const ns = tookNs[Math.ceil(share * tookNs.length) - 1];
        return ns === undefined ? null : ns / 1e6;
      };
      expect({ outcome, count, p50Ms, p99Ms }).toEqual({
        outcome,
        count: tookNs.length,
        p50Ms: rank(0.5),
        p99Ms: rank(0.99),
      });
    }
    expect(operations.find(({ outcome }) => outcome === 'ok')?.count).toBeGreaterThan(50);
    expect(operations.find(({ outcome }) => outcome === 'open')?.count).toBe(invoked.size - completed.length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
