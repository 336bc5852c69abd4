/**
 * Compares what clients were told with what the disks hold, without asking the code that told them: an acknowledged write is lost
 * when a quorum of the last configuration does not hold it at the position it was acknowledged for. A disk holds it as an entry of
 * its log; or, where the log begins later, as part of a state that is what the committed entries lead to.
 */
import { votersOnly } from '../../consensus/raft/configuration.ts';
import { isQuorum } from '../../consensus/raft/quorum.ts';
import { KeyValueStore } from '../../consensus/kv/store.ts';
import type { Configuration, NodeId } from '../../consensus/replica.ts';
import { openDatabase } from '../../trace/sqlite.ts';
import type { SqliteDatabase } from '../../trace/sqlite.ts';
import { committedSequence, type CommittedEntry } from './committed-sequence.ts';
import { readDisk, type Disk } from './disk.ts';
import type { AuditResult } from './protocol.ts';

interface AcknowledgedWrite {
  id: string;
  log_index: number | null;
}

interface Recorded {
  readonly acknowledged: readonly AcknowledgedWrite[];
  readonly committed: readonly CommittedEntry[];
  readonly configuration: Configuration;
  readonly clientSessions: boolean;
}

/** `disks` are the folders of all nodes that there were; none of them may be running. Throws when a file cannot be read. */
export function audit(traceFile: string, disks: readonly string[]): AuditResult {
  const recorded = readTrace(traceFile);
  const { acknowledged, committed, configuration } = recorded;
  const read = disks.map(readDisk);
  const flaws = stateFlaws(read, recorded);
  const lost = acknowledged.flatMap(({ id, log_index: index }) => {
    const holders = new Set<NodeId>();
    for (const disk of read) {
      const soundState = !flaws.has(disk.node);
      if (index !== null && holds(disk, id, index, committed, soundState)) holders.add(disk.node);
    }
    if (isQuorum(configuration, (node) => holders.has(node))) return [];
    return [{ operation: id, index, holders: holders.size }];
  });
  const facts = read.map(({ node, snapshot, compacted, last, applied }) => {
    return { node, snapshot, compacted, last, applied, stateFlaw: flaws.get(node) ?? null };
  });
  return { acknowledgedWrites: acknowledged.length, lost, configuration, disks: facts };
}

function holds(
  disk: Disk,
  operation: string,
  index: number,
  committed: readonly CommittedEntry[],
  soundState: boolean,
): boolean {
  if (index > disk.compacted) return disk.operationAt(index) === operation;
  const known = committed[disk.compacted - 1];
  return soundState && committed[index - 1]?.id === operation && disk.hashAt(disk.compacted) === known?.hash;
}

/** The disks whose state is not what the committed entries up to their applied index lead to, and where it differs. */
function stateFlaws(disks: readonly Disk[], { committed, clientSessions }: Recorded): Map<NodeId, string> {
  const flaws = new Map<NodeId, string>();
  const store = new KeyValueStore(clientSessions);
  for (const disk of [...disks].sort((left, right) => left.applied - right.applied)) {
    if (disk.applied > committed.length) break;
    for (const entry of committed.slice(store.applied, disk.applied)) store.apply(entry);
    const flaw = difference(disk.pairs, store.pairs);
    if (flaw !== undefined)
      flaws.set(disk.node, `the state of ${disk.node} at entry ${disk.applied}: ${flaw}`);
  }
  return flaws;
}

function difference(
  held: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): string | undefined {
  for (const [key, value] of expected) {
    if (held.get(key) !== value) return `${key} holds ${shown(held.get(key))} instead of ${shown(value)}`;
  }
  for (const [key, value] of held) {
    if (!expected.has(key)) return `${key} holds ${shown(value)} instead of nothing`;
  }
  return undefined;
}

function shown(value: string | undefined): string {
  if (value === undefined) return 'nothing';
  return value.length <= 40 ? `"${value}"` : `"${value.slice(0, 39)}…"`;
}

function readTrace(traceFile: string): Recorded {
  const trace = openDatabase(traceFile, { readonly: true });
  try {
    const options = trace.prepare('SELECT options FROM run').pluck().get() as string;
    return {
      acknowledged: acknowledgedWrites(trace),
      committed: committedSequence(trace),
      configuration: lastConfiguration(trace),
      clientSessions: (JSON.parse(options) as { clientSessions?: boolean }).clientSessions ?? false,
    };
  } finally {
    trace.close();
  }
}

function acknowledgedWrites(trace: SqliteDatabase): AcknowledgedWrite[] {
  return trace
    .prepare("SELECT id, log_index FROM operation WHERE outcome = 'ok' AND call IN ('put', 'delete', 'cas')")
    .all() as AcknowledgedWrite[];
}

/** The last that was committed: at first that of the nodes which the run began with. */
function lastConfiguration(trace: SqliteDatabase): Configuration {
  const committed = trace
    .prepare(
      `SELECT body ->> '$.configuration' FROM event WHERE kind = 'configuration' AND body ->> '$.stage' = 'committed'
       ORDER BY CAST(body ->> '$.index' AS INTEGER) DESC LIMIT 1`,
    )
    .pluck()
    .get() as string | undefined;
  if (committed !== undefined) return JSON.parse(committed) as Configuration;
  return votersOnly(JSON.parse(trace.prepare('SELECT nodes FROM run').pluck().get() as string) as NodeId[]);
}
