/** Tells whether the recorder that a trace names is still at work, and not another process that was given its pid. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** What identifies this process beside its pid. */
export function recorderToken(): string {
  return tokenOf(process.pid) ?? `host ${hostname()}`;
}

/** Whether the process with this pid is alive and the one that wrote the token. */
export function recorderAlive(pid: number | null, token: string | null): boolean {
  if (pid === null || token === null) return false;
  if (token.startsWith('host ')) return token === `host ${hostname()}` && answersSignals(pid);
  return tokenOf(pid) === token;
}

/** Boot and start time; undefined where the system does not tell, and for a process that has ended. */
function tokenOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name stands in parentheses and may hold anything; the fields behind it are counted from the state on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    const startTicks = fields[19];
    if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
    return `boot ${boot} start ${startTicks}`;
  } catch {
    return undefined;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
