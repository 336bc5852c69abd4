/** A timeline's filter as SQL: conditions on rows of `event` and of `message`. */
import { EVENT_KINDS } from '../../model/events.ts';
import type { EventKind } from '../../model/events.ts';
import type { TimelineFilter } from '../../model/queries.ts';

/** Conditions, joined by AND, and their values in order. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

export const NO_WHERE: Where = { sql: '', values: [] };
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
/** A message's id names its sending: `source/incarnation/seq`. */
const ID_PARTS = `sender, CAST(substr(id, length(sender) + 2) AS INTEGER),
  CAST(substr(id, length(sender) + 2 + instr(substr(id, length(sender) + 2), '/')) AS INTEGER)`;
const MESSAGE_BODY = `lower(coalesce((SELECT body FROM event WHERE (source, incarnation, seq) = (${ID_PARTS})), ''))`;

/** Events of one kind that can pass, and the condition on their rows besides their kind. */
export interface PassingKind {
  readonly kind: EventKind;
  readonly where: Where;
  /** The index that finds them. */
  readonly index: 'event_by_kind' | 'event_by_id' | 'event_by_cause';
}

/**
 * Of these kinds (all, if undefined) those that can pass; one condition for all of them where they need not be told apart. The text is
 * not looked at: sentences exist only once they are put. `wide`: much of the trace is looked at, so that events of messages are found
 * by their messages rather than among all of their kind.
 */
export function eventsWhere(
  { nodes, types, terms, fates }: TimelineFilter,
  kinds: readonly EventKind[] | undefined,
  wide: boolean,
): PassingKind[] | Where {
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
  const passing: PassingKind[] = [];
  for (const kind of kinds ?? EVENT_KINDS) {
    const named = types === undefined || ofKind.includes(kind);
    const isMessage = MESSAGE_KINDS.includes(kind);
    if (!isMessage && (fates !== undefined || !named)) continue;
    if (!named && ofMessage.length === 0) continue;
    const wanted: TimelineFilter = { ...(named ? {} : { types: ofMessage }), ...(fates && { fates }) };
    const asked = isMessage && Object.keys(wanted).length > 0;
    passing.push({
      kind,
      where: joined(asked ? [...everywhere, ofMessages(kind, wanted, wide)] : everywhere),
      index: !asked || !wide ? 'event_by_kind' : kind === 'send' ? 'event_by_id' : 'event_by_cause',
    });
  }
  return passing;
}

/** Events of the messages wanted. A receipt's cause is its message; a sending is known by the parts of its id. */
function ofMessages(kind: EventKind, wanted: TimelineFilter, wide: boolean): Where {
  const { sql, values } = messagesWhere(wanted);
  if (wide) {
    return kind === 'send'
      ? { sql: `(source, incarnation, seq) IN (SELECT ${ID_PARTS} FROM message WHERE ${sql})`, values }
      : { sql: `cause IN (SELECT id FROM message WHERE ${sql})`, values };
  }
  const id = kind === 'send' ? `source || '/' || incarnation || '/' || event.seq` : 'event.cause';
  return { sql: `(SELECT ${sql} FROM message WHERE message.id = ${id})`, values };
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
