/** A process that reads a trace from elsewhere through and says whether it is sound, while its reader answers questions. */
import { statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { FromReader, ToReader } from '../trace/protocol.ts';
import { Child } from './child.ts';
import { ProcessWatch, type ProcessLimits } from './process-watch.ts';
import { usageOf } from './process-usage.ts';
import type { Reaper } from './reaper.ts';

export interface VerificationProgress {
  /** 0 to 1. */
  share: number;
  bytes: number;
  ofBytes: number;
}

const TELL_MS = 100;
const HEAP_MIB_MAX = 64;
/** A sound file is read at hundreds of megabytes a second; one that takes a hundred times as long is made to. */
const MS_PER_MIB_MAX = 200;
const MS_MAX_AT_LEAST = 10_000;

export class Verification {
  /** What is wrong, a part of a sentence each; empty when the file is sound; undefined when it was stopped. */
  readonly ended: Promise<readonly string[] | undefined>;
  readonly #child: Child<FromReader, ToReader>;
  readonly #watch: ProcessWatch;
  readonly #timer: NodeJS.Timeout;
  readonly #ofBytes: number;
  readonly #progress: (progress: VerificationProgress) => void;
  #done = 0;
  #share = 0;
  #readBefore = 0;
  #stopped = false;

  constructor(file: string, reaper: Reaper, progress: (progress: VerificationProgress) => void) {
    this.#progress = progress;
    this.#ofBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    let problems: readonly string[] | undefined;
    this.#child = new Child<FromReader, ToReader>(
      'reader',
      reaper,
      (message) => {
        if (message.kind === 'verified') problems = message.problems;
        else if (message.kind === 'verifying') this.#reached(message.done, message.share);
      },
      { heapMibMax: HEAP_MIB_MAX },
    );
    givesWay(this.#child.pid);
    this.#watch = new ProcessWatch(this.#child);
    this.#watch.begin(limitsFor(this.#ofBytes), true);
    this.#timer = setInterval(() => this.#tell(), TELL_MS).unref();
    this.#child.send({ kind: 'verify', traceFile: file });
    this.ended = this.#child.exited.then((exit) => {
      clearInterval(this.#timer);
      this.#watch.end();
      if (this.#stopped) return undefined;
      const how = this.#watch.exceeded ?? `ended (${exit.signal ?? `code ${exit.code}`})`;
      return problems ?? [`the process that verified it ${how}`];
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  stop(): void {
    this.#stopped = true;
    this.#child.signal('SIGKILL');
  }

  #reached(done: number, share: number): void {
    this.#done = done;
    this.#share = share;
    this.#readBefore = usageOf(this.#child.pid)?.readBytes ?? 0;
    this.#tell();
  }

  /** Within a part, what the process has read by now tells how far it is. */
  #tell(): void {
    const read = (usageOf(this.#child.pid)?.readBytes ?? 0) - this.#readBefore;
    const ofPart = this.#ofBytes === 0 ? 0 : Math.min(1, Math.max(0, read / this.#ofBytes));
    const share = Math.min(0.999, this.#done + this.#share * ofPart);
    this.#progress({ share, bytes: Math.round(share * this.#ofBytes), ofBytes: this.#ofBytes });
  }
}

function limitsFor(bytes: number): ProcessLimits {
  const msMax = Math.max(MS_MAX_AT_LEAST, (bytes / 2 ** 20) * MS_PER_MIB_MAX);
  return { rssBytesMax: 200 * 2 ** 20, cpuMsMax: msMax, wallMsMax: 20 * msMax };
}

/** To whoever looks at the trace meanwhile. */
function givesWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or the system forbids it.
  }
}
