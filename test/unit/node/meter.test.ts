import { describe, expect, it } from 'vitest';
import { Meter } from '../../../src-main/node/client/meter.ts';

describe('a meter of operations', () => {
  it('tells percentiles of the acknowledged ones to a thousandth, and counts the others', () => {
    const meter = new Meter();
    for (let ms = 1; ms <= 1_000; ms++) meter.note('ok', ms);
    meter.note('fail', 5_000);
    meter.note('unknown', 5_000);
    const { acknowledged, failed, p50Ms, p99Ms, ms } = meter.read();
    expect({ acknowledged, failed }).toEqual({ acknowledged: 1_000, failed: 2 });
    expect(Math.abs((p50Ms ?? 0) - 500)).toBeLessThanOrEqual(0.5);
    expect(Math.abs((p99Ms ?? 0) - 990)).toBeLessThanOrEqual(1);
    expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('takes operations shorter than it can tell, and has nothing to tell without any', () => {
    const meter = new Meter();
    expect(meter.read()).toMatchObject({ acknowledged: 0, p50Ms: null, p99Ms: null });
    meter.note('ok', 0);
    expect(meter.read()).toMatchObject({ acknowledged: 1, p50Ms: 0.001 });
  });
});
