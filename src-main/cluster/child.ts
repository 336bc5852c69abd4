/** A forked process of the lab: how it is started, heard and ended. */
import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { childEntry, type ChildKind } from './children.ts';
import type { Reaper } from './reaper.ts';

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last line it wrote to standard error. */
  lastWords: string | undefined;
}

export interface ChildLimits {
  /** It ends itself when what it keeps in V8's heap needs more. */
  heapMibMax?: number;
  /** What becomes of its standard output. */
  stdout?: 'ignore' | 'inherit';
}

const STDERR_BYTES_KEPT = 8_192;
/** How long a child may take until it says that it is ready; a slow machine starts nine in a row. */
export const READY_MS_MAX = 30_000;

/**
 * One child process. `In` is what it says to the lab, `Out` what the lab says to it (`serialization: 'advanced'`).
 * The same binary runs it: plain Node, or Electron as Node.
 */
export class Child<In extends { kind: string }, Out extends { kind: string }> {
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #kind: ChildKind;
  #stderr = '';
  #ended = false;

  constructor(
    kind: ChildKind,
    reaper: Reaper,
    onMessage: (message: In) => void,
    { heapMibMax, stdout = 'ignore' }: ChildLimits = {},
  ) {
    this.#kind = kind;
    this.#process = fork(childEntry(kind), [], {
      execArgv: heapMibMax === undefined ? [] : [`--max-old-space-size=${heapMibMax}`],
      serialization: 'advanced',
      stdio: ['ignore', stdout, 'pipe', 'ipc'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' },
    });
    const pid = this.#process.pid;
    this.exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        if (pid === undefined) resolve({ code: null, signal: null, lastWords: error.message });
      });
      this.#process.once('close', (code, signal) => {
        this.#ended = true;
        if (pid !== undefined) reaper.forget(pid);
        resolve({ code, signal, lastWords: this.#lastWords() });
      });
    });
    if (pid === undefined)
      throw new Error(`The ${kind} process could not be started from ${childEntry(kind)}.`);
    this.pid = pid;
    reaper.watch(pid);
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_BYTES_KEPT);
    });
    this.#process.on('message', (message) => onMessage(message as In));
  }

  get running(): boolean {
    return !this.#ended && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Silently does nothing once the child has gone: its exit tells the story. */
  send(message: Out): void {
    if (this.#process.connected) this.#process.send(message as Serializable, () => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves with its exit; kills it after `graceMs`. */
  async leave(graceMs: number): Promise<ChildExit> {
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves once `ready` does; rejects with what the child said, or that it said nothing. */
  async started(ready: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `The ${this.#kind} process (pid ${this.pid}) was not ready after ${READY_MS_MAX / 1000} s.`,
            ),
          ),
        READY_MS_MAX,
      );
    });
    const gone = this.exited.then((exit) => {
      throw new Error(
        exit.lastWords ??
          `The ${this.#kind} process (pid ${this.pid}) ended with ${exit.signal ?? `code ${exit.code}`} before it was ready.`,
      );
    });
    try {
      await Promise.race([ready, silent, gone]);
    } finally {
      clearTimeout(timer);
    }
  }

  #lastWords(): string | undefined {
    const lines = this.#stderr.split('\n').filter((line) => line.trim() !== '');
    // Of an uncaught error, the sentence is the line that starts with its name; below it stands the stack.
    return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
  }
}
