import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTrace, type OpenTrace } from '../../../src-main/trace/reader/open.ts';
import { simulatedTrace } from '../../e2e/harness/simulated-trace.ts';

let file: string;
let trace: OpenTrace;
beforeAll(async () => {
  file = await simulatedTrace();
  trace = openTrace(file);
});
afterAll(async () => {
  trace.close();
  await rm(path.dirname(file), { recursive: true, force: true });
});

describe('the messages that a drawing can tell apart', () => {
  const whole = () => {
    const { durationNs } = trace.query('info', {});
    const columnNs = 10_000_000;
    const buckets = Math.ceil((durationNs + 1) / columnNs);
    return { fromNs: 0, toNs: buckets * columnNs, buckets };
  };

  it('are all of them, where they fit', () => {
    const { fromNs, toNs, buckets } = whole();
    const answer = trace.query('traffic', { fromNs, toNs, buckets, limit: 50_000, heartbeats: true });
    const { total } = trace.query('messages', { fromNs, toNs, limit: 1, heartbeats: true });
    expect(answer.crowded).toEqual([]);
    expect(answer.haze).toEqual([]);
    expect(answer.rows).toHaveLength(total);
  });

  it('are counted on their links, none left out, where they do not', () => {
    const { fromNs, toNs, buckets } = whole();
    const all = trace.query('messages', { fromNs, toNs, limit: 50_000, heartbeats: true }).rows;
    const answer = trace.query('traffic', { fromNs, toNs, buckets, limit: 1, heartbeats: true });
    expect(answer.crowded.length).toBeGreaterThan(0);
    const counted = answer.haze.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), 0);
    expect(counted + answer.rows.length).toBe(all.length);
    for (const { from, to, buckets: at } of answer.haze) {
      expect(all.some((row) => row.from === from && row.to === to)).toBe(true);
      expect([...at].sort((a, b) => a - b)).toEqual(at);
    }
  });

  it('say of fine columns which links were in use', () => {
    const { rows } = trace.query('messages', { fromNs: 0, toNs: 1e12, limit: 50_000, heartbeats: true });
    const busiest = [...rows].sort((a, b) => a.sentNs - b.sentNs)[Math.floor(rows.length / 2)]!;
    const fromNs = Math.floor(busiest.sentNs / 1e6) * 1e6;
    const window = { fromNs, toNs: fromNs + 20_000_000, buckets: 20 };
    const answer = trace.query('traffic', { ...window, limit: 1, heartbeats: true });
    const links = new Set(answer.haze.map(({ from, to }) => `${from}>${to}`));
    for (const row of answer.rows) links.add(`${row.from}>${row.to}`);
    expect(links).toContain(`${busiest.from}>${busiest.to}`);
  });
});
