/**
 * What stands in a field of an event: how a value from outside is checked, and what becomes of it when a trace leaves the
 * house. One description serves both, so that no field can be checked and forgotten by the redaction.
 */
import type { Redaction } from './redaction.ts';

/** The form of one field. */
export interface Form {
  /** Why the value is not of this form, with the place behind the field's name; undefined when it is. */
  flaw(value: unknown): string | undefined;
  /** The value as it may be shown to strangers. Only for values of this form. */
  redacted(value: unknown, redaction: Redaction): unknown;
  readonly optional: boolean;
}

export type Forms = Readonly<Record<string, Form>>;

const TEXT_LENGTH_MAX = 1_048_576;
const LIST_LENGTH_MAX = 1_000_000;
const SOURCE = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const WORD = /^[A-Za-z][A-Za-z0-9 _.-]{0,63}$/;
const EVENT_ID = /^[A-Za-z][A-Za-z0-9_-]{0,31}\/\d{1,15}\/\d{1,15}$/;

export const isSourceName = (value: unknown): value is string =>
  typeof value === 'string' && SOURCE.test(value);
export const isEventId = (value: unknown): value is string =>
  typeof value === 'string' && EVENT_ID.test(value);

const asItIs = (value: unknown): unknown => value;

function form(what: string, holds: (value: unknown) => boolean, redacted: Form['redacted'] = asItIs): Form {
  return { flaw: (value) => (holds(value) ? undefined : `must be ${what}`), redacted, optional: false };
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= TEXT_LENGTH_MAX;

export const count = form('a whole number', isCount);
export const number = form('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const flag = form('true or false', (value) => typeof value === 'boolean');
/** A node, `lab`, `load` or `recorder`. */
export const source = form('the name of a node or process', isSourceName);
/** A word of the field's own: a role, a kind of message. */
export const word = form('a word', (value) => typeof value === 'string' && WORD.test(value));
export const eventRef = form('the id of an event, such as n1/1/7', isEventId);
/** `client/number`. */
export const operation = form('the id of an operation', isText, (value, redaction) =>
  redaction.operation(value as string),
);
export const client = form('the name of a client', isText, (value, redaction) =>
  redaction.client(value as string),
);
/** A sentence of the protocol's own. */
export const sentence = form('a text', isText, (value, redaction) => redaction.sentence(value as string));
/** Whatever people and machines wrote: keys, values, errors, paths. */
export const secret = form('a text', isText, (value, redaction) => redaction.hash(value as string));
/** The text of a log entry. */
export const command = form('a text', isText, (value, redaction) => redaction.command(value as string));
/** An object whose fields are not known here. */
export const tree = form(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  (value, redaction) => redaction.tree(value),
);
/** The id of a disk: equal ones stay equal. */
export const disk = secret;

export function optional(inner: Form): Form {
  return { ...inner, optional: true };
}

export function orNull(inner: Form): Form {
  return {
    flaw: (value) => (value === null ? undefined : inner.flaw(value)),
    redacted: (value, redaction) => (value === null ? null : inner.redacted(value, redaction)),
    optional: inner.optional,
  };
}

export function oneOf(...words: readonly string[]): Form {
  return form(`one of ${words.join(', ')}`, (value) => words.includes(value as string));
}

export function listOf(inner: Form): Form {
  return {
    flaw(value) {
      if (!Array.isArray(value)) return 'must be a list';
      if (value.length > LIST_LENGTH_MAX) return `is a list of more than ${LIST_LENGTH_MAX}`;
      for (let at = 0; at < value.length; at++) {
        const flaw = inner.flaw(value[at]);
        if (flaw !== undefined) return `[${at}] ${flaw}`;
      }
      return undefined;
    },
    redacted: (value, redaction) => (value as unknown[]).map((item) => inner.redacted(item, redaction)),
    optional: false,
  };
}

export function recordOf(forms: Forms): Form {
  return {
    flaw(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
      const flaw = flawOfFields(forms, value as Readonly<Record<string, unknown>>);
      return flaw === undefined ? undefined : `.${flaw}`;
    },
    redacted: (value, redaction) =>
      redactedFields(forms, value as Readonly<Record<string, unknown>>, redaction),
    optional: false,
  };
}

/** Node -> the form. */
export function byNode(inner: Form): Form {
  return {
    flaw(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
      for (const [node, item] of Object.entries(value)) {
        const flaw = isSourceName(node) ? inner.flaw(item) : 'is no name of a node';
        if (flaw !== undefined) return `.${node} ${flaw}`;
      }
      return undefined;
    },
    redacted: (value, redaction) =>
      Object.fromEntries(
        Object.entries(value as object).map(([node, item]) => [node, inner.redacted(item, redaction)]),
      ),
    optional: false,
  };
}

/** Fields that no form names are let pass: a later version may say more. */
export function flawOfFields(forms: Forms, fields: Readonly<Record<string, unknown>>): string | undefined {
  for (const name in forms) {
    const wanted = forms[name];
    if (wanted === undefined) continue;
    const value = fields[name];
    if (value === undefined) {
      if (!wanted.optional) return `${name} is missing`;
      continue;
    }
    const flaw = wanted.flaw(value);
    if (flaw !== undefined) return /^[.[]/.test(flaw) ? name + flaw : `${name} ${flaw}`;
  }
  return undefined;
}

/** What no form names is treated as if it might say anything. */
export function redactedFields(
  forms: Forms,
  fields: Readonly<Record<string, unknown>>,
  redaction: Redaction,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const known = forms[name];
    shown[name] = known === undefined ? redaction.tree(value, name) : known.redacted(value, redaction);
  }
  return shown;
}
