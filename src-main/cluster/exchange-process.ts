/** Exports and imports traces in a process of their own: a file from somebody else is hostile input, and may keep a thread busy. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type {
  ExportOptions,
  ExportOutcome,
  FromExchange,
  ImportOptions,
  ImportOutcome,
  Progress,
  ToExchange,
} from '../trace/exchange/protocol.ts';
import { removeUnfinished } from '../trace/exchange/unfinished.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';

/** What was asked for cannot be had: the message names the file, the place in it and the remedy. */
export class ExchangeRefused extends Error {}

export interface Errand<T> {
  readonly outcome: Promise<T>;
  /** Ends it; nothing is left behind, and `outcome` rejects. */
  cancel(): void;
}

const CANCELLED = 'It was cancelled; nothing was written.';

export function startExport(
  options: Omit<ExportOptions, 'part'>,
  reaper: Reaper,
  onProgress: (progress: Progress) => void,
): Errand<ExportOutcome> {
  const part = partOf(options.out);
  return start({ kind: 'export', options: { ...options, part } }, part, reaper, onProgress, (message) =>
    message.kind === 'exported' ? message.outcome : undefined,
  );
}

export function startImport(
  options: Omit<ImportOptions, 'part'>,
  reaper: Reaper,
  onProgress: (progress: Progress) => void,
): Errand<ImportOutcome> {
  const part = partOf(options.out);
  return start({ kind: 'import', options: { ...options, part } }, part, reaper, onProgress, (message) =>
    message.kind === 'imported' ? message.outcome : undefined,
  );
}

/** In the same folder, so that it can be renamed; hidden, so that nobody takes it for a whole one. */
function partOf(out: string): string {
  const name = `.${path.basename(out)}.${randomBytes(6).toString('hex')}.part`;
  return path.join(path.dirname(out), name);
}

function start<T>(
  errand: ToExchange,
  part: string,
  reaper: Reaper,
  onProgress: (progress: Progress) => void,
  outcomeOf: (message: FromExchange) => T | undefined,
): Errand<T> {
  let outcome: T | undefined;
  let failure: Error | undefined;
  const toStandardOutput = errand.kind === 'export' && errand.options.out === '-';
  const child = new Child<FromExchange, ToExchange>(
    'exchange',
    reaper,
    (message) => {
      if (message.kind === 'progress') onProgress(message.progress);
      else if (message.kind === 'failed')
        failure = message.usage ? new ExchangeRefused(message.error) : new Error(message.error);
      else outcome = outcomeOf(message);
    },
    { stdout: toStandardOutput ? 'inherit' : 'ignore' },
  );
  child.send(errand);
  const finished = child.exited.then((exit) => {
    if (outcome !== undefined) return outcome;
    removeUnfinished(part);
    throw failure ?? new Error(exit.lastWords ?? `The ${errand.kind} ended without a word.`);
  });
  return {
    outcome: finished,
    cancel: () => {
      failure ??= new ExchangeRefused(CANCELLED);
      child.signal('SIGKILL');
    },
  };
}
