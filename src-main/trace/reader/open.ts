/** Opens a trace and answers every question of `TraceQueries`, in the reader process and in the command line alike. */
import type { QueryAnswer, QueryName, QueryParams } from '../model/queries.ts';
import { TraceConnection } from './connection.ts';
import { answers } from './queries/index.ts';
import { checkAnswer } from './answer-form.ts';
import { damaged, refusalOf } from './refusal.ts';
import { runStatus } from './status.ts';

/** How long a connection to a cut-off recording is kept when nobody asks. */
const IDLE_MS = 1_000;

export interface OpenTrace {
  readonly file: string;
  /** @throws when the trace is damaged where the answer lies */
  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): QueryAnswer<Q>;
  close(): void;
}

/**
 * Opens a trace file, be it complete, still being recorded, or cut off.
 * @throws TraceRefused with a sentence that names file and remedy
 */
export function openTrace(file: string, options: { foreign?: boolean } = {}): OpenTrace {
  return new TraceReader(file, options.foreign ?? false);
}

class TraceReader implements OpenTrace {
  readonly file: string;
  readonly #foreign: boolean;
  #connection: TraceConnection | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string, foreign: boolean) {
    this.file = file;
    this.#foreign = foreign;
    this.#connection = new TraceConnection(file, foreign);
    this.#letGo();
  }

  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): QueryAnswer<Q> {
    clearTimeout(this.#idle);
    const connection = (this.#connection ??= new TraceConnection(this.file, this.#foreign));
    const { database } = connection;
    try {
      // One transaction, so that an answer put together from several statements shows one moment of the recording.
      const answer = database.transaction(() => answers[name](connection, params))();
      if (this.#foreign) checkAnswer(answer);
      return answer;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') throw refusalOf(error, this.file);
      // What is of another form than a recorder writes it fails somewhere in the middle of the work, and that place says nothing.
      if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
        throw Object.assign(damaged(this.file, `what "${name}" asks for is not of a trace's form`), {
          cause: error,
        });
      const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
      throw new Error(`${this.file} cannot answer "${name}": ${why}.`, { cause: error });
    } finally {
      this.#letGo();
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#connection?.close();
    this.#connection = undefined;
  }

  /**
   * A recorder that closes its trace must be alone with it, so a file that may still be written is not held open. Only one
   * that was cut off is kept for a while: opening it means reading through its write-ahead log.
   */
  #letGo(): void {
    const connection = this.#connection;
    if (!connection?.shared) return;
    if (runStatus(connection).status === 'truncated')
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    else this.close();
  }
}
