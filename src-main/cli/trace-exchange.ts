/** `lab trace export` and `lab trace import`. */
import path from 'node:path';
import type { Command } from 'commander';
import { v7 as uuid } from 'uuid';
import { ExchangeRefused, startExport, startImport, type Errand } from '../cluster/exchange-process.ts';
import { Reaper } from '../cluster/reaper.ts';
import { labVersion } from '../experiments/header.ts';
import {
  EXPORT_FORMATS,
  IMPORT_FORMATS,
  type ExportFormat,
  type ImportFormat,
} from '../trace/model/exchange-formats.ts';
import type { Progress } from '../trace/exchange/protocol.ts';
import { printJson, progress, UsageError } from './output.ts';

const TOLD_MS = 1_000;

export function addExport(trace: Command, finish: (code: number) => void): void {
  trace
    .command('export')
    .description('Write a trace in another format.')
    .argument('<file>')
    .requiredOption('--format <format>', `one of ${EXPORT_FORMATS.join(', ')}`)
    .requiredOption('--out <file>', 'where to write it; - for standard output')
    .option('--table <table>', 'which table, for csv', 'event')
    .option('--redact', 'put hashes in place of keys, values, errors and whatever names a machine')
    .option('--force', 'replace the file if it is there')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: ExportFlags) => {
      const format = oneOf('--format', EXPORT_FORMATS, flags.format);
      if (flags.out === '-' && flags.json)
        throw new UsageError('--json and --out - both want standard output; choose one of them.');
      await exported(path.resolve(file), format, flags);
      finish(0);
    });
}

export function addImport(trace: Command, finish: (code: number) => void): void {
  trace
    .command('import')
    .description('Make a trace of a file of another format.')
    .argument('<file>')
    .requiredOption('--out <file>', 'the trace to make')
    .option('--format <format>', `auto, or one of ${IMPORT_FORMATS.join(', ')}`, 'auto')
    .option('--force', 'replace the file if it is there')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: ImportFlags) => {
      const format = oneOf('--format', ['auto', ...IMPORT_FORMATS] as const, flags.format);
      await imported(path.resolve(file), format, flags);
      finish(0);
    });
}

interface ExportFlags {
  format: string;
  out: string;
  table: string;
  redact?: boolean;
  force?: boolean;
  json?: boolean;
}

interface ImportFlags {
  format: string;
  out: string;
  force?: boolean;
  json?: boolean;
}

async function exported(traceFile: string, format: ExportFormat, flags: ExportFlags): Promise<void> {
  const { table, redact = false, force = false, json = false } = flags;
  const out = flags.out === '-' ? '-' : path.resolve(flags.out);
  const outcome = await errand((reaper) =>
    startExport({ traceFile, format, table, redact, out, force, freshId: uuid() }, reaper, telling()),
  );
  if (json) printJson({ file: traceFile, out, format, redacted: redact, ...outcome });
  else
    progress(`${outcome.events} events, ${outcome.bytes} bytes to ${out === '-' ? 'standard output' : out}`);
}

async function imported(file: string, format: ImportFormat | 'auto', flags: ImportFlags): Promise<void> {
  const out = path.resolve(flags.out);
  const options = {
    file,
    format,
    out,
    force: flags.force ?? false,
    freshId: uuid(),
    labVersion: labVersion(),
    now: new Date().toISOString(),
  };
  const outcome = await errand((reaper) => startImport(options, reaper, telling()));
  if (flags.json) printJson({ file, out, ...outcome });
  else process.stdout.write(`${out}: ${outcome.events} events of ${outcome.format}, run ${outcome.runId}\n`);
}

async function errand<T>(begin: (reaper: Reaper) => Errand<T>): Promise<T> {
  const reaper = new Reaper();
  const begun = begin(reaper);
  const cancel = (): void => begun.cancel();
  process.once('SIGINT', cancel);
  try {
    return await begun.outcome;
  } catch (error) {
    throw error instanceof ExchangeRefused ? new UsageError(error.message) : error;
  } finally {
    process.off('SIGINT', cancel);
    reaper.close();
  }
}

/** A line a second on standard error. */
function telling(): (at: Progress) => void {
  let toldMs = performance.now();
  return ({ phase, done, total }) => {
    if (performance.now() - toldMs < TOLD_MS) return;
    toldMs = performance.now();
    const share = total === 0 ? 0 : Math.floor((done / total) * 100);
    progress(`${phase} ${share} %`);
  };
}

function oneOf<const Word extends string>(flag: string, words: readonly Word[], given: string): Word {
  const word = words.find((known) => known === given);
  if (word === undefined) throw new UsageError(`${flag} "${given}": it must be one of ${words.join(', ')}.`);
  return word;
}
