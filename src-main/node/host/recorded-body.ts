import type { Entry, LogIndex, Message, Term } from '../../consensus/replica.ts';

/** A run of log entries as a trace shows it: where it lies and of which terms, without the payloads. */
export interface RecordedEntries {
  readonly count: number;
  readonly first: LogIndex | null;
  readonly last: LogIndex | null;
  readonly terms: readonly { readonly first: LogIndex; readonly last: LogIndex; readonly term: Term }[];
}

/** The body of a message as its `send` event carries it: log entries give way to `RecordedEntries`, bytes to their number. */
export function recordedBody(message: Message): object {
  const body = message.body as { readonly [field: string]: unknown };
  const { entries, data } = body;
  if (data instanceof Uint8Array) return { ...body, data: data.length };
  if (!Array.isArray(entries)) return body;
  return { ...body, entries: recordedEntries(entries as readonly Entry[]) };
}

function recordedEntries(entries: readonly Entry[]): RecordedEntries {
  const terms: { first: LogIndex; last: LogIndex; term: Term }[] = [];
  for (const { index, term } of entries) {
    const run = terms[terms.length - 1];
    if (run !== undefined && run.term === term && run.last === index - 1) run.last = index;
    else terms.push({ first: index, last: index, term });
  }
  return {
    count: entries.length,
    first: terms[0]?.first ?? null,
    last: terms[terms.length - 1]?.last ?? null,
    terms,
  };
}
