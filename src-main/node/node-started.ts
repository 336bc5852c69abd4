import type { LogIndex, StorageId } from '../consensus/replica.ts';
import type { RaftReplica } from '../consensus/raft/replica.ts';
import type { EventPayload } from '../trace/model/events.ts';
import type { DurableFacts } from './host/ports.ts';

/** What an incarnation found on its disk. */
export function nodeStarted(
  pid: number,
  { log, status }: RaftReplica,
  { term, votedFor, lastIndex }: DurableFacts,
  applied: LogIndex,
  storageId: StorageId,
): EventPayload {
  const { snapshot, configuration } = status;
  return {
    kind: 'node-started',
    pid,
    term,
    votedFor,
    lastIndex,
    applied,
    log: log.runs.map((run) => ({ ...run })),
    ...(snapshot === null
      ? undefined
      : { snapshot: { index: snapshot.index, term: snapshot.term, hash: snapshot.hash } }),
    configuration: configuration.configuration,
    storageId,
  };
}
