/** `lab trace info|events|state FILE`: what a trace holds; and the subcommands beside. */
import path from 'node:path';
import type { Command } from 'commander';
import { ReaderProcess } from '../cluster/reader-process.ts';
import { Reaper } from '../cluster/reaper.ts';
import { Verification } from '../cluster/verification.ts';
import { parseDuration } from '../experiments/duration.ts';
import { openDataRoot, type DataRoot } from '../lab/data-root.ts';
import { Recordings } from '../lab/recordings.ts';
import { EVENT_KINDS, type EventKind } from '../trace/model/events.ts';
import type { EventFilter } from '../trace/model/queries.ts';
import { addExport, addImport } from './trace-exchange.ts';
import { printJson, progress, table, UsageError, wholeNumber } from './output.ts';

export function addTrace(program: Command, finish: (code: number) => void): void {
  const trace = program.command('trace').description('Look into a trace file.');
  addExport(trace, finish);
  addImport(trace, finish);
  trace
    .command('info')
    .description('What the trace holds and whether it is whole.')
    .argument('<file>')
    .option('--verify', 'read the whole file and say whether it is sound')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: { verify?: boolean; json?: boolean }) => {
      let verified: Verified = null;
      await reading(file, async (reader, reaper) => {
        if (flags.verify) verified = await verify(file, reaper);
        await info(file, reader, verified, flags.json ?? false);
      });
      finish(isSound(verified) ? 0 : 1);
    });
  trace
    .command('state')
    .description('The state of every node at a moment.')
    .argument('<file>')
    .requiredOption('--at <duration>', 'the moment, from the start of the run (2.5s)')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: { at: string; json?: boolean }) => {
      const atNs = moment('--at', flags.at);
      await reading(file, (reader) => state(atNs, reader, flags.json ?? false));
      finish(0);
    });
  trace
    .command('events')
    .description('Events in order of time.')
    .argument('<file>')
    .option('--from <duration>', 'from this moment', '0s')
    .option('--to <duration>', 'up to this moment')
    .option('--node <id...>', 'only of these sources (n1, lab, load)')
    .option('--kind <kind...>', 'only of these kinds')
    .option('--text <text>', 'only where the sentence or the detail holds this text')
    .option('--limit <n>', 'at most so many', '100')
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: EventFlags) => {
      const span = {
        fromNs: moment('--from', flags.from),
        toNs: flags.to === undefined ? Number.MAX_SAFE_INTEGER : moment('--to', flags.to),
      };
      const limit = wholeNumber('--limit', flags.limit, 1, 5_000);
      const filter = eventFilter(flags);
      await reading(file, (reader) => events(span, limit, filter, reader, flags.json ?? false));
      finish(0);
    });
}

interface EventFlags {
  from: string;
  to?: string;
  node?: string[];
  kind?: string[];
  text?: string;
  limit: string;
  json?: boolean;
}

function eventFilter(flags: EventFlags): EventFilter {
  const unknown = flags.kind?.find((kind) => !EVENT_KINDS.includes(kind as EventKind));
  if (unknown !== undefined)
    throw new UsageError(
      `--kind ${unknown}: there is no such kind of event; there are ${EVENT_KINDS.join(', ')}.`,
    );
  return {
    ...(flags.node ? { sources: flags.node } : {}),
    ...(flags.kind ? { kinds: flags.kind as EventKind[] } : {}),
    ...(flags.text === undefined ? {} : { text: flags.text }),
  };
}

function moment(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new UsageError(
      `${flag} "${text}" is no moment; write it as a duration from the start, such as 2.5s or 250ms.`,
    );
  const atNs = Math.round(ms * 1e6);
  if (!Number.isSafeInteger(atNs)) throw new UsageError(`${flag} "${text}" is later than any run lasts.`);
  return atNs;
}

async function reading(
  file: string,
  use: (reader: ReaderProcess, reaper: Reaper) => Promise<void>,
): Promise<void> {
  const reaper = new Reaper();
  try {
    await finishRecording(file, reaper);
    const reader = await ReaderProcess.open(path.resolve(file), reaper, { foreign: true });
    try {
      await use(reader, reaper);
    } catch (error) {
      // What the file cannot answer is the file's fault: it is damaged, or too large to be read through.
      throw new UsageError(error instanceof Error ? error.message : String(error));
    } finally {
      reader.close();
    }
  } finally {
    reaper.close();
  }
}

/** Of a run whose lab was killed, what its spools hold still belongs into the trace. */
async function finishRecording(file: string, reaper: Reaper): Promise<void> {
  let root: DataRoot;
  try {
    root = openDataRoot();
  } catch {
    return; // without a data folder nobody noted where spools are
  }
  await new Recordings(root.recordings).finish(file, reaper, (backlogBytes) =>
    progress(`Taking in what was not recorded yet: ${Math.ceil(backlogBytes / 2 ** 20)} MiB to go.`),
  );
}

/** What is wrong with the file; null where nobody asked. */
type Verified = readonly string[] | null;

function isSound(verified: Verified): boolean {
  return verified === null || verified.length === 0;
}

async function verify(file: string, reaper: Reaper): Promise<readonly string[]> {
  let toldPercent = 0;
  const verification = new Verification(path.resolve(file), reaper, ({ share }) => {
    const percent = Math.floor(share * 10) * 10;
    if (percent > toldPercent) progress(`verifying ${(toldPercent = percent)} %`);
  });
  return (await verification.ended) ?? ['its verification was stopped'];
}

async function info(file: string, reader: ReaderProcess, verified: Verified, json: boolean): Promise<void> {
  const found = await reader.query('info', {});
  if (json) {
    const { durationNs, nodes, ...rest } = found;
    printJson({
      file,
      ...rest,
      nodes: nodes.length,
      nodeIds: nodes,
      durationMs: durationNs / 1e6,
      verified: verified === null ? null : isSound(verified),
      problems: verified ?? [],
    });
    return;
  }
  process.stdout.write(
    `${table([
      ['title', found.title],
      ['run', found.runId],
      ['status', found.statusReason === null ? found.status : `${found.status}: ${found.statusReason}`],
      ['started', found.startedAt],
      ['duration', `${(found.durationNs / 1e9).toFixed(3)} s`],
      [
        'cluster',
        `${found.nodes.length} nodes, ${found.protocol}, profile ${found.profile}, seed ${found.seed}`,
      ],
      ['events', `${found.events}, ${found.gaps} gaps`],
      ['messages', `${found.messages}`],
      ['operations', `${found.operations}`],
      ['elections', `${found.elections}`],
      ['faults', `${found.faults}`],
      ['schema', `version ${found.schemaVersion}`],
      [
        'verified',
        verified === null
          ? 'no (see --verify)'
          : isSound(verified)
            ? 'sound'
            : `damaged: ${verified.join('; ')}`,
      ],
    ])}\n`,
  );
}

async function state(atNs: number, reader: ReaderProcess, json: boolean): Promise<void> {
  const found = await reader.query('stateAt', { atNs });
  if (json) {
    printJson({
      atNs: found.atNs,
      nodes: found.nodes.map(({ id, status, role, term, votedFor, leader, commit, applied, lastIndex }) => ({
        id,
        status,
        role,
        term,
        votedFor,
        leader,
        commit,
        applied,
        lastIndex,
      })),
    });
    return;
  }
  const rows = found.nodes.map((node) => [
    node.id,
    node.status,
    node.role,
    node.term,
    node.votedFor ?? '-',
    node.leader ?? '-',
    node.commit,
    node.applied,
    node.lastIndex,
  ]);
  process.stdout.write(
    `${table([['node', 'status', 'role', 'term', 'vote', 'leader', 'commit', 'applied', 'last'], ...rows])}\n`,
  );
}

async function events(
  span: { fromNs: number; toNs: number },
  limit: number,
  filter: EventFilter,
  reader: ReaderProcess,
  json: boolean,
): Promise<void> {
  const found = await reader.query('events', { ...span, limit, filter });
  if (json) {
    printJson({
      total: found.total,
      events: found.events.map(({ id, text, event }) => ({ id, text, ...event })),
    });
    return;
  }
  for (const { id, event, text } of found.events) {
    process.stdout.write(`${(event.atNs / 1e9).toFixed(6).padStart(12)}  ${id.padEnd(14)}  ${text}\n`);
  }
  if (found.total > found.events.length)
    process.stderr.write(`${found.events.length} of ${found.total} events; see --from and --limit.\n`);
}
