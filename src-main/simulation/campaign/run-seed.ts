import { runSchedule } from '../run.ts';
import { drawSchedule, type DrawRequest } from '../schedule/draw.ts';
import type { SeedResult } from './protocol.ts';

export function runSeed(seed: number, request: DrawRequest): SeedResult {
  const { hash, messages, finding, endedNs } = runSchedule(drawSchedule(seed, request));
  return { seed, hash, messages, finding, endedNs };
}
