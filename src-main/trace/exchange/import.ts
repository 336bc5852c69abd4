/** Makes a trace of a file of another format. */
import { renameSync } from 'node:fs';
import { basename } from 'node:path';
import { importEtcd } from './etcd-import.ts';
import { IMPORT_FORMATS } from '../model/exchange-formats.ts';
import type { ImportFormat } from '../model/exchange-formats.ts';
import { importHistory } from './history-import.ts';
import { isLogLine } from './history-line.ts';
import { makeTrace } from './importing.ts';
import type { ImportedRun, ImportJob } from './importing.ts';
import { readLines } from './lines.ts';
import { ExchangeRefused, refuseExisting } from './output-file.ts';
import { OWN_FORMAT } from './own-format.ts';
import { importOwnFormat } from './own-import.ts';
import type { ImportOptions, ImportOutcome, Progress } from './protocol.ts';
import { ReplayRefused } from './replayed-spools.ts';
import { removeUnfinished } from './unfinished.ts';

/** Lines that are looked at to find out what a file is. */
const LOOKED_AT_MAX = 2_000;
const SQLITE = 'SQLite format 3\0';
const LOOKED_AT_BYTES_MAX = 4 * 1024 * 1024;

const READERS: Record<ImportFormat, (job: ImportJob) => ImportedRun> = {
  ndjson: importOwnFormat,
  'etcd-ndjson': importEtcd,
  maelstrom: (job) => importHistory(job, 'maelstrom'),
  jepsen: (job) => importHistory(job, 'jepsen'),
  'jepsen-edn': (job) => importHistory(job, 'jepsen-edn'),
};

/** @throws ExchangeRefused with a sentence that names file, line and remedy; nothing is left behind then */
export async function importTrace(
  options: ImportOptions,
  progress: (at: Progress) => void,
): Promise<ImportOutcome> {
  const { file, out, part, force } = options;
  refuseExisting(out, force);
  const format = options.format === 'auto' ? detectFormat(file) : options.format;
  try {
    const { run, events, gaps } = await makeTrace(
      part,
      (spools) =>
        READERS[format]({
          file,
          name: options.name ?? basename(file),
          spools,
          freshId: options.freshId,
          labVersion: options.labVersion,
          now: options.now,
          progress: (done, total) => progress({ phase: 'reading', done, total }),
        }),
      (done, total) => progress({ phase: 'recording', done, total }),
    );
    refuseExisting(out, force);
    renameSync(part, out);
    return { runId: run.header.runId, format, events, gaps, status: run.status };
  } catch (error) {
    removeUnfinished(part);
    if (error instanceof ReplayRefused)
      throw new ExchangeRefused(`${file}: ${error.message}.`, { cause: error });
    throw error;
  }
}

/** By what the file says of itself. @throws ExchangeRefused when it is none of these */
function detectFormat(file: string): ImportFormat {
  let lines = 0;
  for (const { text } of readLines(file, { lineBytesMax: LOOKED_AT_BYTES_MAX })) {
    if (text.startsWith(SQLITE))
      throw new ExchangeRefused(
        `${file} is a trace or another SQLite file: open it, it need not be imported.`,
      );
    if (text.startsWith(`{"format":"${OWN_FORMAT}"`)) return 'ndjson';
    if (/"nid"\s*:/.test(text) && /"name"\s*:/.test(text) && /"state"\s*:/.test(text)) return 'etcd-ndjson';
    if (isLogLine(text)) return 'jepsen';
    if (/:process\b/.test(text) && /:type\b/.test(text) && /:f\b/.test(text)) return 'jepsen-edn';
    if (++lines >= LOOKED_AT_MAX) break;
  }
  throw new ExchangeRefused(
    `${file} is not a trace, nor anything that could be imported: ${IMPORT_FORMATS.join(', ')}. Name its format with --format if it is one of these.`,
  );
}
