/** A reader process for one trace: it can be killed at any moment, because a trace from somebody else is hostile input. */
import type { QueryAnswer, QueryName, QueryParams } from '../trace/model/queries.ts';
import type { FromReader, ToReader } from '../trace/protocol.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';

/** The file is no trace that can be shown; the message names file and remedy. */
export class TraceRefused extends Error {}

const QUERY_MS_MAX = 15_000;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class ReaderProcess {
  readonly #child: Child<FromReader, ToReader>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #file: string;
  #count = 0;

  private constructor(file: string, reaper: Reaper, ready: () => void, refused: (error: Error) => void) {
    this.#file = file;
    this.#child = new Child<FromReader, ToReader>('reader', reaper, (message) => {
      if (message.kind === 'ready') ready();
      else if (message.kind === 'refused') refused(new TraceRefused(message.error));
      else {
        const waiting = this.#take(message.id);
        if (message.kind === 'answer') waiting?.resolve(message.answer);
        else waiting?.reject(new Error(message.error));
      }
    });
    void this.#child.exited.then((exit) => {
      for (const id of [...this.#waiting.keys()]) {
        this.#take(id)?.reject(
          new Error(
            `The reader of ${file} ended${exit.lastWords ? `: ${exit.lastWords}` : ` (${exit.signal ?? exit.code})`}.`,
          ),
        );
      }
    });
    this.#child.send({ kind: 'start', traceFile: file });
  }

  /** Opens a trace. Rejects with {@link TraceRefused} when it cannot be shown. */
  static async open(file: string, reaper: Reaper): Promise<ReaderProcess> {
    let isReady = (): void => undefined;
    let isRefused = (_error: Error): void => undefined;
    const ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isRefused = reject;
    });
    ready.catch(() => undefined);
    const reader = new ReaderProcess(file, reaper, isReady, isRefused);
    try {
      await reader.#child.started(ready);
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.running;
  }

  /** Rejects when the reader fails or does not answer in time; then it is killed. */
  query<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<QueryAnswer<Q>> {
    if (!this.running) return Promise.reject(new Error(`The reader of ${this.#file} has ended.`));
    const id = ++this.#count;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id);
        reject(
          new Error(
            `The trace ${this.#file} did not answer "${query}" within ${QUERY_MS_MAX / 1000} s; its reader was ended.`,
          ),
        );
        this.#child.signal('SIGKILL');
      }, QUERY_MS_MAX);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#child.send({ kind: 'query', id, query, params } as ToReader);
    }) as Promise<QueryAnswer<Q>>;
  }

  close(): void {
    this.#child.signal('SIGKILL');
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}
