import { encodeCommand } from '../../consensus/kv/command.ts';
import type { Command } from '../../consensus/kv/command.ts';
import type { LogIndex, Milliseconds, NodeId, OperationId } from '../../consensus/replica.ts';
import type { EventId, EventPayload } from '../../trace/model/events.ts';
import type { ClientCall } from '../protocol.ts';

/** How an operation ended. ok: it took effect; fail: it certainly did not; unknown: nobody can say. */
export interface Completion {
  readonly outcome: 'ok' | 'fail' | 'unknown';
  readonly value: string | null;
  readonly index: LogIndex | null;
  readonly node: NodeId | null;
  readonly error: string | null;
}

/** A client's call under way. */
export interface Operation {
  readonly id: OperationId;
  readonly call: ClientCall;
  /** The command as text. */
  readonly data: string;
  readonly stale: boolean;
  /** Asked first, and for a stale read alone. */
  readonly preferred: NodeId | undefined;
  readonly invokedMs: Milliseconds;
  readonly done: (operation: Operation, completion: Completion) => void;
  /** Number of its `invoke` event. */
  readonly invokeSeq: number;
  readonly invokeId: EventId;
  attempts: number;
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

export function isStale(call: ClientCall): boolean {
  return call.call === 'get' && call.stale === true;
}

export function invokePayload(operation: OperationId, call: ClientCall): EventPayload {
  const client = operation.slice(0, operation.indexOf('/'));
  return { kind: 'invoke', operation, client, ...call };
}

export function completePayload({ id, call, attempts }: Operation, completion: Completion): EventPayload {
  const { outcome, value, index, node, error } = completion;
  return {
    kind: 'complete',
    operation: id,
    outcome,
    // What a put wrote stands in its invocation.
    ...(call.call === 'put' || outcome === 'unknown' ? undefined : { value }),
    ...(index === null ? undefined : { index }),
    ...(node === null ? undefined : { node }),
    attempts,
    ...(error === null ? undefined : { error }),
  };
}
