/**
 * Sees to it that no child outlives the lab. Children leave by themselves when their parent's IPC channel closes, but a
 * stopped (SIGSTOP) process runs nothing; so a detached shell holds the list of pids and kills them when the lab's end
 * of its pipe closes, however the lab died.
 */
import { spawn, type ChildProcess } from 'node:child_process';

const SCRIPT = `
pids=" "
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) kept=" "; for p in $pids; do [ "$p" = "$pid" ] || kept="$kept$p "; done; pids=$kept ;;
  esac
done
for p in $pids; do kill -9 "$p" 2>/dev/null; done
`;

export class Reaper {
  readonly #shell: ChildProcess | undefined;

  /** On Windows there is no SIGSTOP, so nothing can outlive its channel and no reaper is needed. */
  constructor() {
    if (process.platform === 'win32') return;
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    // A reaper that could not start or was killed leaves the children their own way out; the lab goes on.
    this.#shell.on('error', () => undefined);
    this.#shell.stdin?.on('error', () => undefined);
    this.#shell.unref();
  }

  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  watch(pid: number): void {
    this.#shell?.stdin?.write(`+ ${pid}\n`);
  }

  /** The process has ended and its pid may be given to a stranger. */
  forget(pid: number): void {
    this.#shell?.stdin?.write(`- ${pid}\n`);
  }

  /** Lets go of the shell, which then kills whatever is still watched. */
  close(): void {
    this.#shell?.stdin?.end();
  }
}
