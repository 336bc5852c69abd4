/** A reader process for one trace: it can be killed at any moment, because a trace from somebody else is hostile input. */
import type { QueryAnswer, QueryName, QueryParams } from '../trace/model/queries.ts';
import type { FromReader, ToReader } from '../trace/protocol.ts';
import { Child } from './child.ts';
import { ProcessWatch, type ProcessLimits } from './process-watch.ts';
import type { Reaper } from './reaper.ts';

/** The file is no trace that can be shown; the message names file and remedy. */
export class TraceRefused extends Error {}

export interface ReadingOptions {
  /** It was recorded elsewhere: nothing in it is believed, and its reader gets little memory and little time. */
  foreign?: boolean;
  /** What its messages call the file; its path unless said otherwise. */
  name?: string;
}

const QUERY_MS_MAX = 15_000;
const MIB = 2 ** 20;
/** What V8 keeps of a foreign trace. Beyond it there is SQLite's page cache, the code and the answer under way. */
const FOREIGN_HEAP_MIB_MAX = 96;
const RSS_BYTES_MAX = 200 * MIB;
const OPENING: ProcessLimits = { rssBytesMax: RSS_BYTES_MAX, cpuMsMax: 1_500, wallMsMax: 10_000 };
const ANSWERING: ProcessLimits = { rssBytesMax: RSS_BYTES_MAX, cpuMsMax: 3_000, wallMsMax: QUERY_MS_MAX };
/** It is asked first and decides whether the trace can be shown. */
const INTRODUCING: ProcessLimits = { ...ANSWERING, cpuMsMax: 1_000 };

interface Waiting {
  query: QueryName;
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class ReaderProcess {
  readonly #child: Child<FromReader, ToReader>;
  /** In the order in which they are answered. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #file: string;
  readonly #name: string;
  /** Only of a foreign trace. */
  readonly #watch: ProcessWatch | undefined;
  #count = 0;

  private constructor(
    file: string,
    reaper: Reaper,
    options: ReadingOptions,
    ready: () => void,
    refused: (error: Error) => void,
  ) {
    const foreign = options.foreign ?? false;
    this.#file = file;
    this.#name = options.name ?? file;
    this.#child = new Child<FromReader, ToReader>(
      'reader',
      reaper,
      (message) => {
        if (message.kind === 'ready') ready();
        else if (message.kind === 'refused') refused(new TraceRefused(this.#named(message.error)));
        else if (message.kind === 'answer') this.#take(message.id)?.resolve(message.answer);
        else if (message.kind === 'error')
          this.#take(message.id)?.reject(new Error(this.#named(message.error)));
      },
      foreign ? { heapMibMax: FOREIGN_HEAP_MIB_MAX } : {},
    );
    this.#watch = foreign ? new ProcessWatch(this.#child) : undefined;
    this.#watch?.begin(OPENING, true);
    void this.#child.exited.then((exit) => {
      this.#watch?.end();
      const how = this.#watch?.exceeded;
      const ended = `ended (${exit.signal ?? `code ${exit.code}`})`;
      const why = how === undefined ? (exit.lastWords ?? ended) : `${how} and was ended`;
      if (foreign) {
        refused(
          new TraceRefused(
            `${this.#name} cannot be opened: its reader ${how === undefined ? ended : why}. It is damaged, or made to do harm; copy it again from where it came.`,
          ),
        );
      }
      for (const [id, { query }] of [...this.#waiting]) {
        const reason = foreign && how === undefined ? ended : why;
        this.#take(id)?.reject(new Error(`${this.#name} cannot answer "${query}": its reader ${reason}.`));
      }
    });
    this.#child.send({ kind: 'start', traceFile: file, foreign });
  }

  /** Opens a trace. Rejects with {@link TraceRefused} when it cannot be shown. */
  static async open(file: string, reaper: Reaper, options: ReadingOptions = {}): Promise<ReaderProcess> {
    let isReady = (): void => undefined;
    let isRefused = (_error: Error): void => undefined;
    const ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isRefused = reject;
    });
    ready.catch(() => undefined);
    const reader = new ReaderProcess(file, reaper, options, isReady, isRefused);
    try {
      await reader.#child.started(ready);
      reader.#watch?.end();
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

  /** It was ended because it took more than it may. */
  get tookTooMuch(): boolean {
    return this.#watch?.exceeded !== undefined;
  }

  /** Rejects when the reader fails, takes too much or does not answer in time; in the last two cases it is killed. */
  query<Q extends QueryName>(query: Q, params: QueryParams<Q>): Promise<QueryAnswer<Q>> {
    if (!this.running) return Promise.reject(new Error(`The reader of ${this.#name} has ended.`));
    const id = ++this.#count;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id);
        reject(
          new Error(
            `The trace ${this.#name} did not answer "${query}" within ${QUERY_MS_MAX / 1000} s; its reader was ended.`,
          ),
        );
        this.#child.signal('SIGKILL');
      }, QUERY_MS_MAX);
      this.#waiting.set(id, { query, resolve, reject, timer });
      if (this.#waiting.size === 1) this.#watchFirst();
      this.#child.send({ kind: 'query', id, query, params } as ToReader);
    }) as Promise<QueryAnswer<Q>>;
  }

  close(): void {
    this.#watch?.end();
    this.#child.signal('SIGKILL');
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    this.#watchFirst();
    return waiting;
  }

  /** One question is answered after the other, so what is spent is spent on the first of those that wait. */
  #watchFirst(): void {
    const first = this.#waiting.values().next();
    if (first.done) this.#watch?.end();
    else this.#watch?.begin(first.value.query === 'info' ? INTRODUCING : ANSWERING);
  }

  #named(text: string): string {
    return text.replaceAll(this.#file, this.#name);
  }
}
