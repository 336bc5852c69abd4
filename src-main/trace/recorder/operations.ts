/** Pairs the beginning and the end of each client operation into one row. */
import type { OperationId } from '../../consensus/replica.ts';
import type { Nanoseconds, TraceEvent } from '../model/events.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import type { Density } from './density.ts';

type InvokeEvent = Extract<TraceEvent, { kind: 'invoke' }>;
type CompleteEvent = Extract<TraceEvent, { kind: 'complete' }>;

interface Operation {
  id: OperationId;
  invoke: InvokeEvent | undefined;
  complete: CompleteEvent | undefined;
}

const INVOKE_COLUMNS = ['client', 'call', 'op_key', 'value', 'expected', 'stale', 'invoked_ns'];
const COMPLETE_COLUMNS = ['completed_ns', 'outcome', 'log_index', 'node', 'result', 'attempts', 'error'];

export class Operations {
  /** Invocations seen, in this trace as a whole. */
  invoked = 0;
  /** Those that have not completed -> when they were invoked. */
  readonly #invokedNs = new Map<OperationId, Nanoseconds>();
  readonly #density: Density;
  #changed = new Map<OperationId, Operation>();
  readonly #write: SqliteStatement;
  readonly #complete: SqliteStatement;

  /** Takes up what an earlier recorder of the same file left open. */
  constructor(database: SqliteDatabase, density: Density) {
    this.#density = density;
    const open = database.prepare(
      'SELECT id, invoked_ns FROM operation WHERE completed_ns IS NULL AND invoked_ns IS NOT NULL',
    );
    for (const row of open.raw().iterate() as Iterable<[OperationId, Nanoseconds]>)
      this.#invokedNs.set(...row);
    const columns = ['id', ...INVOKE_COLUMNS, ...COMPLETE_COLUMNS];
    const invoked = INVOKE_COLUMNS.map((column) => `${column} = excluded.${column}`);
    const completed = COMPLETE_COLUMNS.map((column) => `${column} = excluded.${column}`);
    const insert = `INSERT INTO operation (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
    this.#write = database.prepare(`${insert} ON CONFLICT (id) DO UPDATE SET ${invoked.join(', ')}`);
    this.#complete = database.prepare(`${insert} ON CONFLICT (id) DO UPDATE SET ${completed.join(', ')}`);
  }

  invoke(event: InvokeEvent): void {
    this.invoked++;
    this.#invokedNs.set(event.operation, event.atNs);
    this.#density.invoked(event.atNs);
    this.#operation(event.operation).invoke = event;
  }

  complete(event: CompleteEvent): void {
    this.#operation(event.operation).complete = event;
    const { operation, atNs, outcome } = event;
    this.#density.completed(atNs, outcome, atNs - (this.#invokedNs.get(operation) ?? atNs));
    this.#invokedNs.delete(operation);
  }

  flush(): void {
    for (const operation of this.#changed.values()) {
      const statement = operation.invoke === undefined ? this.#complete : this.#write;
      statement.run(operation.id, ...invocation(operation.invoke), ...completion(operation.complete));
    }
    this.#changed.clear();
  }

  #operation(id: OperationId): Operation {
    let operation = this.#changed.get(id);
    if (operation === undefined) {
      operation = { id, invoke: undefined, complete: undefined };
      this.#changed.set(id, operation);
    }
    return operation;
  }
}

function invocation(event: InvokeEvent | undefined): unknown[] {
  if (event === undefined) return [null, null, null, null, null, null, null];
  const { client, call, key, value, expected, stale, atNs } = event;
  return [client, call, key, value ?? null, expected ?? null, stale === true ? 1 : 0, atNs];
}

function completion(event: CompleteEvent | undefined): unknown[] {
  if (event === undefined) return [null, 'open', null, null, null, null, null];
  const { atNs, outcome, index, node, value, attempts, error } = event;
  return [atNs, outcome, index ?? null, node ?? null, value ?? null, attempts, error ?? null];
}
