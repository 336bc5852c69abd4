import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageRow } from '../../../src-main/api/index.ts';
import { causalAxis, logicalClocks, stepTicks } from '../../../src-renderer/canvas/timeline/causal.ts';
import { message, segment } from './timeline-rows.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const WINDOW = { fromNs: 0, toNs: 10_000 };
const WIDTH = 1_000;

/** Messages between any nodes at any times, some of no length, many at the same moment, some never delivered. */
const traffic = fc
  .array(
    fc.record({
      from: fc.nat(4),
      by: fc.integer({ min: 1, max: 4 }),
      sentNs: fc.nat(60).map((at) => at * 100),
      tookNs: fc.oneof(fc.constant(0), fc.nat(900)),
      isDelivered: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((drawn) =>
    drawn.map(({ from, by, sentNs, tookNs, isDelivered }, at): MessageRow =>
      message({
        id: `n${from + 1}/1/${at}`,
        from: NODES[from] ?? 'n1',
        to: NODES[(from + by) % 5] ?? 'n2',
        sentNs,
        arrivedNs: isDelivered ? sentNs + tookNs : null,
        deliveredNs: isDelivered ? sentNs + tookNs : null,
        fate: isDelivered ? 'delivered' : 'lost',
      }),
    ),
  );

const clocksOf = (messages: readonly MessageRow[]) =>
  logicalClocks({ nodes: NODES, messages, segments: [], window: WINDOW });

describe('the causal order', () => {
  it('puts every receipt at least one column to the right of its sending', () => {
    fc.assert(
      fc.property(traffic, (messages) => {
        const { sent, ended } = clocksOf(messages);
        for (const row of messages) {
          if (row.deliveredNs === null) continue;
          expect(ended.get(row.id)).toBeGreaterThanOrEqual((sent.get(row.id) ?? Infinity) + 1);
        }
      }),
    );
  });

  it('keeps the order of what a node did, and its moments apart', () => {
    fc.assert(
      fc.property(traffic, (messages) => {
        const { sent, ended } = clocksOf(messages);
        for (const node of NODES) {
          const own = messages.flatMap((row) => [
            ...(row.from === node ? [{ atNs: row.sentNs, column: sent.get(row.id) ?? -1 }] : []),
            ...(row.to === node && row.deliveredNs !== null
              ? [{ atNs: row.deliveredNs, column: ended.get(row.id) ?? -1 }]
              : []),
          ]);
          for (const one of own) {
            for (const other of own) {
              if (one.atNs < other.atNs) expect(one.column).toBeLessThan(other.column);
            }
          }
        }
      }),
    );
  });

  it('reads the same from moments to places and from places to moments, on every lane and beside them', () => {
    fc.assert(
      fc.property(traffic, fc.nat(10_000), (messages, atNs) => {
        const axis = causalAxis(clocksOf(messages), WINDOW, WIDTH);
        for (const node of [undefined, ...NODES]) {
          expect(axis.timeAt(axis.x(atNs, node), node)).toBeCloseTo(atNs, 2);
          expect(axis.x(atNs + 50, node)).toBeGreaterThan(axis.x(atNs, node));
        }
      }),
    );
  });

  it('puts what is concurrent into one column, and an answer behind its question', () => {
    const { sent, ended } = clocksOf([
      message({ id: 'ask', from: 'n1', to: 'n2', sentNs: 100, deliveredNs: 900 }),
      message({ id: 'other', from: 'n4', to: 'n5', sentNs: 800, deliveredNs: 5_000 }),
      message({ id: 'answer', from: 'n2', to: 'n1', sentNs: 900, deliveredNs: 900 }),
    ]);
    expect(sent.get('ask')).toBe(sent.get('other'));
    expect(ended.get('ask')).toBe(ended.get('other'));
    expect(sent.get('answer')).toBe(ended.get('ask'));
    expect(ended.get('answer')).toBe((sent.get('answer') ?? 0) + 1);
  });

  it('gives a change of role a column of its own', () => {
    const clocks = logicalClocks({
      nodes: NODES,
      messages: [message({ id: 'ask', from: 'n1', to: 'n2', sentNs: 500, deliveredNs: 900 })],
      segments: [segment({ node: 'n1', fromNs: 200 }), segment({ node: 'n1', fromNs: 400 })],
      window: WINDOW,
    });
    expect(clocks.sent.get('ask')).toBe(3);
    expect(clocks.ended.get('ask')).toBe(4);
  });

  it('counts steps before and after the cursor on its ruler', () => {
    const chain = Array.from({ length: 20 }, (_, at) =>
      message({
        id: `m${at}`,
        from: at % 2 === 0 ? 'n1' : 'n2',
        to: at % 2 === 0 ? 'n2' : 'n1',
        sentNs: 100 + at * 400,
        deliveredNs: 300 + at * 400,
      }),
    );
    const ticks = stepTicks(clocksOf(chain), WINDOW, WIDTH, 4_000);
    expect(ticks.map(({ label }) => label)).toContain('0');
    expect(ticks.some(({ label }) => /^−\d+$/.test(label))).toBe(true);
    for (let n = 1; n < ticks.length; n++)
      expect((ticks[n]?.x ?? 0) - (ticks[n - 1]?.x ?? 0)).toBeGreaterThanOrEqual(50);
  });
});
