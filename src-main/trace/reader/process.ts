/** What the reader process says and does. */
import type { QueryName, QueryParams } from '../model/queries.ts';
import type { FromReader, ToReader } from '../protocol.ts';
import { openTrace } from './open.ts';
import type { OpenTrace } from './open.ts';
import { answers } from './queries/index.ts';
import { verifyTrace } from './verify.ts';

/** Serves the parent process over IPC; ends the process when the parent is gone or the file is refused. */
export function readerProcess(): void {
  let trace: OpenTrace | undefined;
  process.on('message', (message: ToReader) => {
    if (message.kind === 'start') {
      try {
        trace = openTrace(message.traceFile, { foreign: message.foreign ?? false });
        say({ kind: 'ready' });
      } catch (error) {
        say({ kind: 'refused', error: textOf(error) }, () => process.exit(0));
      }
    } else if (message.kind === 'verify') {
      say({ kind: 'verified', problems: verifyTrace(message.traceFile, say) }, () => process.exit(0));
    } else {
      const { id, query } = message;
      try {
        say(answer(trace, message));
      } catch {
        // It could not be put into a message: too large, or nested too deeply.
        say({ kind: 'error', id, error: `the answer to "${query}" is too large to be shown.` });
      }
    }
  });
  // Ctrl+C in a terminal reaches the whole group and is the parent's to handle.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
}

function answer(trace: OpenTrace | undefined, message: Extract<ToReader, { kind: 'query' }>): FromReader {
  const { id, query, params } = message;
  try {
    if (trace === undefined) throw new Error('the reader has no trace open');
    if (!Object.hasOwn(answers, query)) throw new Error(`a trace cannot be asked for "${String(query)}"`);
    return { kind: 'answer', id, answer: trace.query<QueryName>(query, params as QueryParams<QueryName>) };
  } catch (error) {
    return { kind: 'error', id, error: textOf(error) };
  }
}

function say(message: FromReader, then?: () => void): void {
  if (process.send) process.send(message, () => then?.());
  else then?.();
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
