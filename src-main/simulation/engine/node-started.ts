import type { LogIndex, StorageId } from '../../consensus/replica.ts';
import type { RaftReplica } from '../../consensus/raft/replica.ts';
import type { DurableFacts } from '../../node/host/ports.ts';
import type { EventPayload } from '../../trace/model/events.ts';

/** What an incarnation found on its disk. */
export function nodeStarted(
  pid: number,
  { log, status }: RaftReplica,
  { term, votedFor, lastIndex }: DurableFacts,
  applied: LogIndex,
  storageId: StorageId,
): EventPayload {
  const { index, term: snapshotTerm, hash } = status.snapshot ?? { index: 0, term: 0, hash: 0 };
  return {
    kind: 'node-started',
    pid,
    term,
    votedFor,
    lastIndex,
    applied,
    log: log.runs.map((run) => ({ ...run })),
    ...(index === 0 ? undefined : { snapshot: { index, term: snapshotTerm, hash } }),
    configuration: status.configuration.configuration,
    storageId,
  };
}
