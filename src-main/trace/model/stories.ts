/** What became of one log entry, and of one client operation: the answers of the queries that follow them through the cluster. */
import type { LogIndex, NodeId, OperationId, Term } from '../../consensus/replica.ts';
import type { EventId, MessageId, Nanoseconds, SourceId } from './events.ts';
import type { MessageRow, OperationRow } from './queries.ts';

/**
 * Of an entry: created by the leader that took it, appended by a follower, found on the disk by a node that started, durable,
 * acknowledged to the leader, committed and applied as far as this node knows, restored with a snapshot that holds its effect; truncated
 * because a leader's log differs, compacted into a snapshot, lost with a process that died before it was durable.
 * Of an operation: invoked by its client, requested of a node, read (a stage of a read without an entry), answered by a node,
 * completed at its client.
 */
export type StoryStage =
  | 'created'
  | 'appended'
  | 'found'
  | 'durable'
  | 'acknowledged'
  | 'committed'
  | 'applied'
  | 'restored'
  | 'truncated'
  | 'compacted'
  | 'lost'
  | 'invoked'
  | 'requested'
  | 'read'
  | 'answered'
  | 'completed';

export interface StoryMoment {
  /** The node, or `load` for a client. */
  where: SourceId;
  stage: StoryStage;
  atNs: Nanoseconds;
  event: EventId;
  /** The message by which it came about, or that says it to others; of the latter it is the event itself. */
  message: MessageId | null;
  /** Of an answer and of the completion: `ok`, `refused`, `unknown`…; null for anything else. */
  outcome: string | null;
  /** One sentence for a person. */
  text: string;
}

/** A step that was never taken, and why as far as the trace tells. */
export interface MissingStep {
  /** null: by nobody. */
  node: NodeId | null;
  text: string;
}

export interface EntryStory {
  index: LogIndex;
  term: Term;
  /** Of other entries that stood at this index on some node at some time. */
  otherTerms: Term[];
  /** What it says, where known (`put lamp on`). */
  command: string | null;
  operation: OperationId | null;
  /** In order of time. */
  moments: StoryMoment[];
  /** The copies of messages that carried it, in order of sending. */
  messages: MessageRow[];
  /** Those by which followers said that they hold it. */
  replies: MessageRow[];
  missing: MissingStep[];
}

export interface OperationStory {
  operation: OperationRow & { expected: string | null; attempts: number | null };
  /** In order of time; those of its entries stand with these. */
  moments: StoryMoment[];
  /** The entries it was appended as: none for most reads, several where a retry met another leader. */
  entries: EntryStory[];
  missing: MissingStep[];
}
