/** Opens a trace and answers every question of `TraceQueries`, in the reader process and in the command line alike. */
import type { QueryAnswer, QueryName, QueryParams } from '../model/queries.ts';
import { TraceConnection } from './connection.ts';
import { answers } from './queries/index.ts';
import { refusalOf } from './refusal.ts';
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
export function openTrace(file: string): OpenTrace {
  return new TraceReader(file);
}

class TraceReader implements OpenTrace {
  readonly file: string;
  #connection: TraceConnection | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.file = file;
    this.#connection = new TraceConnection(file);
    this.#letGo();
  }

  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): QueryAnswer<Q> {
    clearTimeout(this.#idle);
    const connection = (this.#connection ??= new TraceConnection(this.file));
    const { database } = connection;
    try {
      // One transaction, so that an answer put together from several statements shows one moment of the recording.
      return database.transaction(() => answers[name](connection, params))();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') throw refusalOf(error, this.file);
      const why = error instanceof Error ? error.message : String(error);
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
