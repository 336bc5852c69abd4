/** An event's details as names and values. Pure. */
import type { EventDetail, TraceEvent } from '../../../src-main/api/index.ts';
import type { Fact } from './body-fields.ts';

const HEAD = new Set(['source', 'incarnation', 'seq', 'atNs', 'step', 'cause', 'kind']);
/** Shown by the message's own inspector. */
const LONG = new Set(['body', 'entries', 'log']);

export function eventFacts(event: TraceEvent): Fact[] {
  return Object.entries(event).flatMap(([name, value]: [string, unknown]) => {
    if (HEAD.has(name) || LONG.has(name) || value === undefined) return [];
    return [{ name: fieldWords(name), value: valueWords(name, value) }];
  });
}

/** `tookNs` → `took`, `lastIndex` → `last index`. */
function fieldWords(name: string): string {
  return name
    .replace(/(Ns|Ms)$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

function valueWords(name: string, value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'number' && name === 'deadlineNs') return `${(value / 1e9).toFixed(6)} s`;
  if (typeof value === 'number' && name.endsWith('Ns')) return `${(value / 1e6).toFixed(3)} ms`;
  if (typeof value === 'number' && name.endsWith('Ms')) return `${value.toFixed(1)} ms`;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (Array.isArray(value))
    return value.map((part) => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join(', ');
  return Object.entries(value as object)
    .map(
      ([field, part]) =>
        `${fieldWords(field)} ${typeof part === 'object' ? JSON.stringify(part) : String(part)}`,
    )
    .join(', ');
}

/** A `send` and what happens to its copy are one message: the inspector shows that message rather than the event. */
export function messageOf({ id, event }: EventDetail): string | null {
  if (event.kind === 'send') return id;
  return event.kind === 'arrive' || event.kind === 'deliver' || event.kind === 'drop' ? event.message : null;
}
