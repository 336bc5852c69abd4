/** What the recording shows of a running cluster, as it comes in, and waiting for it to show something. */
import type { NodeId } from '../consensus/replica.ts';
import type { EventId, TraceEvent } from '../trace/model/events.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import type { NodeState } from '../trace/model/state.ts';

/** A node heard an operator's command, and what it said if it refused. */
export interface Heard {
  readonly node: NodeId;
  readonly refusal: string | undefined;
}

/** Answers to this many commands are kept. */
const COMMANDS_KEPT = 200;

/** The newest snapshot of the recording, and a way to wait for one that shows something. */
export class LiveState {
  #snapshot: LiveSnapshot | undefined;
  readonly #waiting = new Set<(snapshot: LiveSnapshot) => void>();
  /** By the lab's operator event. */
  readonly #heard = new Map<EventId, Map<EventId, Heard>>();

  take(snapshot: LiveSnapshot): void {
    this.#snapshot = snapshot;
    this.#noteHeard(snapshot);
    for (const look of this.#waiting) look(snapshot);
  }

  get latest(): LiveSnapshot | undefined {
    return this.#snapshot;
  }

  /** The running leader of the highest term, as far as recorded. */
  leader(): NodeId | undefined {
    return leaderOf(this.#snapshot);
  }

  node(id: NodeId): NodeState | undefined {
    return this.#snapshot?.state.nodes.find((node) => node.id === id);
  }

  /** Every time that a node heard the command of this operator event, oldest first. */
  heard(cause: EventId): readonly Heard[] {
    return [...(this.#heard.get(cause)?.values() ?? [])];
  }

  /** Resolves with the first answer of `look` that is not undefined; undefined after `msMax`. */
  async until<T>(
    look: (snapshot: LiveSnapshot) => T | undefined,
    msMax: number,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const now = this.#snapshot && look(this.#snapshot);
    if (now !== undefined || signal?.aborted) return now;
    return new Promise((resolve) => {
      const finish = (answer: T | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        signal?.removeEventListener('abort', abort);
        resolve(answer);
      };
      const check = (snapshot: LiveSnapshot) => {
        const answer = look(snapshot);
        if (answer !== undefined) finish(answer);
      };
      const abort = () => finish(undefined);
      const timer = setTimeout(abort, msMax);
      signal?.addEventListener('abort', abort);
      this.#waiting.add(check);
    });
  }

  /** A node records the lab's command and, in the same step, its refusal. */
  #noteHeard({ notable }: LiveSnapshot): void {
    for (const { id, event } of notable) {
      if (event.kind !== 'operator' || event.cause === undefined || event.source === 'lab') continue;
      const answers = this.#heard.get(event.cause) ?? new Map<EventId, Heard>();
      this.#heard.set(event.cause, answers);
      if (answers.has(id)) continue;
      const refused = notable.find((other) => isRefusalIn(other.event, event));
      const refusal = refused?.event.kind === 'refuse' ? refused.event.reason : undefined;
      answers.set(id, { node: event.source, refusal });
    }
    for (const cause of this.#heard.keys()) {
      if (this.#heard.size <= COMMANDS_KEPT) break;
      this.#heard.delete(cause);
    }
  }
}

function isRefusalIn(event: TraceEvent, command: TraceEvent): boolean {
  return (
    event.kind === 'refuse' &&
    event.source === command.source &&
    event.incarnation === command.incarnation &&
    event.step === command.step
  );
}

export function leaderOf(snapshot: LiveSnapshot | undefined): NodeId | undefined {
  const leaders =
    snapshot?.state.nodes.filter((node) => node.role === 'leader' && node.status === 'running') ?? [];
  return leaders.sort((a, b) => b.term - a.term)[0]?.id;
}
