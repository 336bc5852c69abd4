/** A timeline's filter as SQL: conditions on rows of `event` and of `message`. */
import { EVENT_KINDS } from '../../model/events.ts';
import type { EventKind } from '../../model/events.ts';
import type { TimelineFilter } from '../../model/queries.ts';

/** Conditions, joined by AND, and their values in order. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

const NO_WHERE: Where = { sql: '', values: [] };
const KINDS: ReadonlySet<string> = new Set(EVENT_KINDS);
/** What is recorded of a message; only the first three say its type. */
const MESSAGE_KINDS: readonly EventKind[] = ['send', 'arrive', 'deliver', 'drop'];
const PROCESS_KINDS = [
  'process-spawned',
  'process-ready',
  'process-exited',
  'process-paused',
  'process-resumed',
] as const satisfies readonly EventKind[];

/** Whether anything is asked for at all. */
export function isFiltering(filter: TimelineFilter | undefined): filter is TimelineFilter {
  if (filter === undefined) return false;
  const { nodes, types, terms, fates, text } = filter;
  return (nodes ?? types ?? terms ?? fates) !== undefined || (text ?? '') !== '';
}

/** On rows of `message`. */
export function messagesWhere({ nodes, types, terms, fates, text }: TimelineFilter): Where {
  const parts: Where[] = [];
  if (nodes) {
    const some = marks(nodes);
    parts.push({ sql: `(sender IN (${some}) OR receiver IN (${some}))`, values: [...nodes, ...nodes] });
  }
  if (types) parts.push(oneOf('type', types));
  if (terms) parts.push(oneOf('term', terms));
  if (fates) parts.push(oneOf('fate', fates));
  if (text) {
    const wanted = text.toLowerCase();
    parts.push({
      sql: `(instr(${MESSAGE_WORDS}, ?) > 0 OR instr(${MESSAGE_BODY}, ?) > 0)`,
      values: [wanted, wanted],
    });
  }
  return joined(parts);
}

const MESSAGE_WORDS = `lower(type || ' ' || sender || ' → ' || receiver || ' ' || fate || ' ' || coalesce(reason, ''))`;
/** The body stands in the event of the sending, whose parts are the message's id: `source/incarnation/seq`. */
const MESSAGE_BODY = `lower(coalesce((SELECT body FROM event WHERE source = sender
  AND incarnation = CAST(substr(id, length(sender) + 2) AS INTEGER)
  AND seq = CAST(substr(id, length(sender) + 2 + instr(substr(id, length(sender) + 2), '/')) AS INTEGER)), ''))`;

/**
 * Of these kinds (all, if undefined) those that can pass, each with its own condition on rows of `event` besides its kind; undefined
 * where the kinds need not be told apart. The text is not looked at: sentences exist only once they are put.
 */
export function eventsWhere(
  { nodes, types, terms, fates }: TimelineFilter,
  kinds: readonly EventKind[] | undefined,
): { kind: EventKind; where: Where }[] | Where {
  const everywhere: Where[] = [];
  if (nodes) {
    const some = marks(nodes);
    const ofProcess = PROCESS_KINDS.map((kind) => `'${kind}'`).join(', ');
    everywhere.push({
      sql: `(source IN (${some}) OR (kind IN (${ofProcess}) AND body ->> '$.node' IN (${some})))`,
      values: [...nodes, ...nodes],
    });
  }
  if (terms) everywhere.push(oneOf('term', terms));
  if (types === undefined && fates === undefined) return joined(everywhere);
  const ofKind = (types ?? []).filter((type): type is EventKind => KINDS.has(type));
  const ofMessage = (types ?? []).filter((type) => !KINDS.has(type));
  const passing: { kind: EventKind; where: Where }[] = [];
  for (const kind of kinds ?? EVENT_KINDS) {
    const isMessage = MESSAGE_KINDS.includes(kind);
    if (fates !== undefined && !isMessage) continue;
    const parts = [...everywhere];
    if (fates !== undefined) parts.push(fateOf(kind, fates));
    if (types !== undefined && !ofKind.includes(kind)) {
      if (!isMessage || kind === 'drop' || ofMessage.length === 0) continue;
      parts.push(oneOf("body ->> '$.type'", ofMessage));
    }
    passing.push({ kind, where: joined(parts) });
  }
  return passing;
}

/** A receipt's cause is its message. */
function fateOf(kind: EventKind, fates: readonly string[]): Where {
  const id = kind === 'send' ? `event.source || '/' || event.incarnation || '/' || event.seq` : 'event.cause';
  return {
    sql: `EXISTS (SELECT 1 FROM message WHERE message.id = ${id} AND message.fate IN (${marks(fates)}))`,
    values: fates,
  };
}

function oneOf(column: string, values: readonly (string | number)[]): Where {
  return { sql: `${column} IN (${marks(values)})`, values };
}

function joined(parts: readonly Where[]): Where {
  if (parts.length === 0) return NO_WHERE;
  return { sql: parts.map(({ sql }) => sql).join(' AND '), values: parts.flatMap(({ values }) => values) };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
