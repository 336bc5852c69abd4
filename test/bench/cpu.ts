/** Who uses the processor, read from `/proc`: a process tells its own time since it began, in clock ticks. */
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** `USER_HZ`, which Linux fixes at 100 for everything it tells in `/proc`. */
const TICKS_PER_S = 100;

/** Ticks used so far by each group of processes, and by the whole machine. */
export interface CpuReading {
  readonly atMs: number;
  readonly ticks: ReadonlyMap<string, number>;
  readonly machine: number;
}

/** Cores used by each group between two readings; `others` is everybody else on the machine. */
export interface CpuUse {
  readonly cores: Readonly<Record<string, number>>;
  readonly others: number;
  /** One-minute load average at the end. */
  readonly load: number;
}

/** Pids by group; a process that has gone counts nothing. */
export type Groups = Readonly<Record<string, readonly number[]>>;

export function readCpu(groups: Groups): CpuReading {
  const ticks = new Map<string, number>();
  for (const [group, pids] of Object.entries(groups)) {
    ticks.set(
      group,
      pids.reduce((sum, pid) => sum + (processTicks(pid) ?? 0), 0),
    );
  }
  return { atMs: performance.now(), ticks, machine: machineTicks() };
}

export function cpuUse(before: CpuReading, after: CpuReading): CpuUse {
  const perCore = ((after.atMs - before.atMs) / 1000) * TICKS_PER_S;
  const cores: Record<string, number> = {};
  let ours = 0;
  for (const [group, ticks] of after.ticks) {
    cores[group] = (ticks - (before.ticks.get(group) ?? 0)) / perCore;
    ours += cores[group];
  }
  const others = Math.max(0, (after.machine - before.machine) / perCore - ours);
  return { cores, others, load: loadavg()[0] ?? 0 };
}

/** All processes below this one. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statFields(Number(name))?.[1];
    if (parent === undefined) continue;
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
  }
  const below = (of: number): number[] =>
    (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** User and system time, all threads. */
function processTicks(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields && Number(fields[11]) + Number(fields[12]);
}

/** The fields of `/proc/<pid>/stat` from the state on; the name before it may hold anything. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** user, nice, system, irq and softirq of all cores. */
function machineTicks(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq;
}
