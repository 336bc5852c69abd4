/**
 * Takes out of a trace what must not leave the house. Every text that somebody wrote, or that a machine says of itself, gives way
 * to a keyed hash: equal ones stay equal within one export, so that checks still compare and links still lead; the key is thrown
 * away with the export, so that nobody can look a value up by guessing it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { decodeCommand, isBadCommand } from '../../consensus/kv/command.ts';
import type { EventPayload, TraceEvent } from '../model/events.ts';
import type { RunHeader } from '../protocol.ts';
import { EVENT_FORMS } from './event-forms.ts';
import { flawOfFields, isEventId, redactedFields } from './form.ts';

const HASH_DIGITS = 16;
const SENTENCE_LENGTH_MAX = 1_000;
/** Names that the lab itself gives its clients. */
const OWN_CLIENT = /^(c\d{1,6}|console|probe|load)$/;
const NODE = /^(n\d{1,4}|lab|load|recorder)$/;
const WORD = /^[A-Za-z][A-Za-z0-9-]{0,39}$/;
/** Names of fields are the protocol's own; what looks otherwise may be somebody's key. */
const FIELD = /^[a-z][A-Za-z]{0,39}$/;
/** Under these names stand words of the lab's own wherever they occur. */
const WORD_FIELDS: ReadonlySet<string> = new Set([
  'kind',
  'node',
  'to',
  'from',
  'peer',
  'as',
  'transition',
  'read',
  'reads',
  'origin',
  'stage',
  'mode',
  'type',
  'role',
  'status',
  'state',
]);
/** Nodes, and lists and sets of them. */
const NODE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'votedFor',
  'leader',
  'voters',
  'outgoing',
  'learners',
  'learnersNext',
  'votes',
  'nodes',
  'targets',
  'candidates',
  'group',
  'groups',
  'sides',
]);

const EVENT_FIELDS: ReadonlySet<string> = new Set(['event', 'events', 'cause']);

/** Of one export; two exports of the same trace have nothing in common. */
export class Redaction {
  readonly #key = randomBytes(32);

  hash(text: string): string {
    return `#${createHmac('sha256', this.#key).update(text).digest('hex').slice(0, HASH_DIGITS)}`;
  }

  /** The lab's own names of clients stay. */
  client(name: string): string {
    return OWN_CLIENT.test(name) ? name : this.hash(name);
  }

  /** `client/number`. */
  operation(id: string): string {
    const slash = id.lastIndexOf('/');
    const number = id.slice(slash + 1);
    if (slash <= 0 || !/^\d+$/.test(number)) return this.hash(id);
    return `${this.client(id.slice(0, slash))}/${number}`;
  }

  /** A key-value command stays one, over hashed key and values; so does a configuration; anything else becomes a hash. */
  command(text: string): string {
    if (text === '') return '';
    const command = decodeCommand(text);
    if (!isBadCommand(command)) {
      const { op, key } = command;
      const shown: Record<string, string> = { op, key: this.hash(key) };
      if ('value' in command) shown['value'] = this.hash(command.value);
      if ('expected' in command && command.expected !== undefined)
        shown['expected'] = this.hash(command.expected);
      return JSON.stringify(shown);
    }
    const configuration = parsed(text);
    if (configuration === undefined) return this.hash(text);
    const fields = { stage: 'adopted', index: 0, configuration };
    if (flawOfFields(EVENT_FORMS.configuration, fields) !== undefined) return this.hash(text);
    return JSON.stringify(redactedFields(EVENT_FORMS.configuration, fields, this)['configuration']);
  }

  /** A sentence of the protocol: words, numbers and nodes. What looks like a path, an address or a quotation in it does not stay. */
  sentence(text: string): string {
    // No sentence of ours is so long; and looking for paths in it would take long.
    if (text.length > SENTENCE_LENGTH_MAX) return this.hash(text);
    return text
      .replaceAll(/".*"|“.*”/gs, (quoted) => this.hash(quoted))
      .replaceAll(/\S*[/\\]\S*|\S*[A-Za-z_]\S*@\S+|\S+\.\S+\.\S+/g, (token) => {
        const bare = token.replace(/[.,;:)]+$/, '');
        return isEventId(bare) || /^(c\d+|console|probe)\/\d+$/.test(bare) ? token : this.hash(token);
      });
  }

  /** Of an object nothing is known: numbers stay, and the lab's own words where they are expected. */
  tree(value: unknown, name = ''): unknown {
    if (typeof value === 'string') return this.#leaf(value, name);
    if (Array.isArray(value)) return value.map((item) => this.tree(item, name));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([field, item]) => [
        FIELD.test(field) || NODE.test(field) ? field : this.hash(field),
        this.tree(item, field),
      ]),
    );
  }

  event(event: TraceEvent): TraceEvent {
    const { source, incarnation, seq, atNs, step, cause, ...payload } = event;
    const head = { source, incarnation, seq, atNs, step, ...(cause === undefined ? {} : { cause }) };
    return { ...head, ...this.payload(payload as EventPayload) } as TraceEvent;
  }

  payload(payload: EventPayload): EventPayload {
    const { kind, ...fields } = payload;
    const forms = EVENT_FORMS[kind];
    // A value that is not of its form is of none that could be trusted.
    const shown =
      flawOfFields(forms, fields) === undefined
        ? redactedFields(forms, fields, this)
        : (this.tree(fields) as Record<string, unknown>);
    return { kind, ...shown } as EventPayload;
  }

  /** Under another id: it is another trace. */
  header(header: RunHeader, runId: string): RunHeader {
    const { os, cpu, cores } = header.machine;
    return {
      ...header,
      runId,
      title: 'Redacted trace',
      profile: WORD.test(header.profile) ? header.profile : this.hash(header.profile),
      options: this.tree(header.options) as object,
      scenario: header.scenario === null ? null : this.hash(header.scenario),
      versions: Object.fromEntries(
        Object.entries(header.versions).map(([name, version]) => [
          name,
          /^[\w.+-]{1,40}$/.test(version) ? version : this.hash(version),
        ]),
      ),
      machine: { os: this.hash(os), cpu: this.hash(cpu), cores },
    };
  }

  #leaf(text: string, name: string): string {
    if (name === 'reason') return this.sentence(text);
    if (WORD_FIELDS.has(name) && WORD.test(text)) return text;
    if (EVENT_FIELDS.has(name) && isEventId(text)) return text;
    if (NODE_FIELDS.has(name) && NODE.test(text)) return text;
    return this.hash(text);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
