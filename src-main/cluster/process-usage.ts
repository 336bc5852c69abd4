/** What a process has taken of the processor and holds in memory, as far as the system tells. */
import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** User and system time since its start. */
  cpuMs: number;
  rssBytes: number;
  /** Through read calls, from disk or from the system's cache. */
  readBytes: number;
}

/** Linux counts in hundredths of a second, whatever its clock does. */
const MS_PER_TICK = 10;

/** Undefined once it has ended, and where there is no `/proc`. */
export function usageOf(pid: number): ProcessUsage | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name stands in parentheses and may hold anything; the fields behind it are counted from the state on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
      rssBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
      readBytes: readBytesOf(pid),
    };
  } catch {
    return undefined;
  }
}

/** Not every system lets a process look at this figure, even of its own children. */
function readBytesOf(pid: number): number {
  try {
    return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
