/** Durations as people write them: `250ms`, `2s`, `1.5 s`, `10m`, `1h`. */
import { z } from 'zod';

const UNIT_MS = { us: 0.001, ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 } as const;

/** Timers of the system end at 596 hours, and one that is set beyond that fires at once. */
export const DURATION_MS_MAX = 500 * 3_600_000;

/** Milliseconds, or undefined for anything that is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(us|ms|s|min|m|h)$/.exec(text.trim());
  if (!match?.[1] || !match[2]) return undefined;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** A duration in a file; milliseconds once parsed. */
export const durationSchema = z
  .union([z.string(), z.number()], { error: 'a duration such as 250ms or 2s' })
  .transform((value, context) => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms !== undefined && ms <= DURATION_MS_MAX) return ms;
    context.addIssue({
      code: 'custom',
      message:
        ms === undefined
          ? `"${value}" is no duration; write it with a unit, such as 250ms or 2s`
          : `"${value}" is longer than ${DURATION_MS_MAX / 3_600_000}h`,
    });
    return z.NEVER;
  });
