/** Ends a child that takes more than it was given: a file from somebody else may be made to be slow or to fill the memory. */
import type { Child } from './child.ts';
import { usageOf } from './process-usage.ts';

export interface ProcessLimits {
  /** Of the whole process; where the system does not tell, its heap limit alone bounds it. */
  rssBytesMax: number;
  /** Of processor time for one piece of work, so that a busy machine refuses nothing. */
  cpuMsMax: number;
  /** Of clock time for one piece of work. */
  wallMsMax: number;
}

/** A value of some ten megabytes can be read between two looks, so they are close to each other. */
const LOOK_MS = 25;

export class ProcessWatch {
  readonly #child: Pick<Child<{ kind: string }, { kind: string }>, 'pid' | 'signal'>;
  #limits: ProcessLimits | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cpuMsBefore = 0;
  #sinceMs = 0;
  /** Why it was ended, for a sentence such as "it … and was ended"; undefined when it was not. */
  exceeded: string | undefined;

  constructor(child: Pick<Child<{ kind: string }, { kind: string }>, 'pid' | 'signal'>) {
    this.#child = child;
  }

  /** A piece of work begins now, and what was spent before does not count. `fromStart`: that of starting the process does. */
  begin(limits: ProcessLimits, fromStart = false): void {
    this.#limits = limits;
    this.#cpuMsBefore = fromStart ? 0 : (usageOf(this.#child.pid)?.cpuMs ?? 0);
    this.#sinceMs = performance.now();
    this.#timer ??= setInterval(this.#look, LOOK_MS).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const limits = this.#limits;
    if (limits === undefined) return;
    const usage = usageOf(this.#child.pid);
    const tookMs = performance.now() - this.#sinceMs;
    if (usage !== undefined && usage.rssBytes > limits.rssBytesMax)
      this.#exceed(`took more than ${Math.round(limits.rssBytesMax / 2 ** 20)} MiB of memory`);
    else if (usage !== undefined && usage.cpuMs - this.#cpuMsBefore > limits.cpuMsMax)
      this.#exceed(`took more than ${limits.cpuMsMax / 1000} s of the processor`);
    else if (tookMs > limits.wallMsMax) this.#exceed(`took longer than ${limits.wallMsMax / 1000} s`);
  };

  #exceed(how: string): void {
    this.exceeded = how;
    this.end();
    this.#child.signal('SIGKILL');
  }
}
