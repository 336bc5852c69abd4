import { encodeCommand } from '../../consensus/kv/command.ts';
import type { Command } from '../../consensus/kv/command.ts';
import type { LogIndex, Milliseconds, NodeId, OperationId, ReadMode } from '../../consensus/replica.ts';
import type { EventId, EventPayload } from '../../trace/model/events.ts';
import type { ReadHow } from '../host/ports.ts';
import type { ClientCall } from '../protocol.ts';

/** How an operation ended. ok: it took effect; fail: it certainly did not; unknown: nobody can say. */
export interface Completion {
  readonly outcome: 'ok' | 'fail' | 'unknown';
  readonly value: string | null;
  readonly index: LogIndex | null;
  readonly node: NodeId | null;
  readonly error: string | null;
  /** How a read was served; `log` for everything else and while nobody knows. */
  readonly read: ReadHow;
}

/** A client's call under way. */
export interface Operation {
  readonly id: OperationId;
  readonly call: ClientCall;
  /** The command as text. */
  readonly data: string;
  readonly read: ReadHow;
  /** Asked first, and for a stale read alone. */
  readonly preferred: NodeId | undefined;
  readonly invokedMs: Milliseconds;
  readonly done: (operation: Operation, completion: Completion) => void;
  /** Number of its `invoke` event. */
  readonly invokeSeq: number;
  readonly invokeId: EventId;
  attempts: number;
  /** Attempts that were sent and not refused: each of them may be the one that takes effect. */
  unanswered: number;
  /** Times an answer was late. */
  lates: number;
  /** The node asked last. */
  asked: NodeId | null;
  /** Its answer decides what comes next; otherwise the operation is parked. */
  waiting: boolean;
  /** Nothing about it matters any more. */
  ended: boolean;
  /** Redirections followed since it was last parked. */
  hops: number;
  /** Why the last node refused it. */
  refusal: string;
}

/** @throws RangeError when key or value is missing or too long */
export function commandText(call: ClientCall): string {
  return encodeCommand(commandOf(call));
}

function commandOf(call: ClientCall): Command {
  switch (call.call) {
    case 'put':
      return { op: 'put', key: call.key, value: call.value };
    case 'get':
      return { op: 'get', key: call.key };
    case 'delete':
      return { op: 'delete', key: call.key };
    case 'cas':
      return { op: 'cas', key: call.key, expected: call.expected, value: call.value };
  }
}

/** How a call is to be answered; reads that do not say it themselves go by `usual`. */
export function readHow(call: ClientCall, usual: 'log' | ReadMode): ReadHow {
  if (call.call !== 'get') return 'log';
  return call.stale === true ? 'stale' : (call.read ?? usual);
}

export function invokePayload(operation: OperationId, call: ClientCall): EventPayload {
  const client = operation.slice(0, operation.indexOf('/'));
  if (call.call !== 'get') return { kind: 'invoke', operation, client, ...call };
  const { key, stale } = call;
  return { kind: 'invoke', operation, client, call: 'get', key, ...(stale === true ? { stale } : undefined) };
}

export function completePayload({ id, call, attempts }: Operation, completion: Completion): EventPayload {
  const { outcome, value, index, node, error, read } = completion;
  return {
    kind: 'complete',
    operation: id,
    outcome,
    // What a put wrote stands in its invocation.
    ...(call.call === 'put' || outcome === 'unknown' ? undefined : { value }),
    ...(index === null ? undefined : { index }),
    ...(read === 'log' ? undefined : { read }),
    ...(node === null ? undefined : { node }),
    attempts,
    ...(error === null ? undefined : { error }),
  };
}
