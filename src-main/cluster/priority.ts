/** Who goes first on a machine that has too few processors for all: the cluster, which is what is being measured. */
import { execFile } from 'node:child_process';
import { constants, setPriority } from 'node:os';

/**
 * Leaves a process what the others do not want. On Linux it is scheduled as idle, which gives way to others at once; a nice value
 * alone lets it go on until its slice is over, and that is longer than a commit takes. Without privileges this cannot be taken back.
 */
export function giveWay(pid: number): void {
  if (process.platform !== 'linux') {
    niceness(pid);
    return;
  }
  execFile('chrt', ['--idle', '--all-tasks', '--pid', '0', String(pid)], (error) => {
    if (error) niceness(pid);
  });
}

function niceness(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended, or the system forbids it: then everybody is alike.
  }
}
