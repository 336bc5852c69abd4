/** One line of an etcd trace, checked. */
import { z } from 'zod';
import { ETCD_EVENTS } from './etcd-words.ts';
import type { EtcdLine } from './etcd-words.ts';
import { refused } from './json-line.ts';
import type { Fields } from './json-line.ts';

const node = z.string().regex(/^\d{1,20}$/, 'must be the number of a node, as a text');
const natural = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const members = z.array(node).max(1_000);

const lineSchema = z.object({
  name: z
    .string()
    .max(64)
    .refine((name) => ETCD_EVENTS.has(name), 'must be the name of an event of etcd-io/raft'),
  nid: node,
  state: z.object({ term: natural, vote: node, commit: natural }),
  role: z.enum(['StateFollower', 'StatePreCandidate', 'StateCandidate', 'StateLeader']),
  log: natural.max(1_000_000_000),
  conf: z.tuple([members, members]),
  msg: z
    .object({
      type: z.string().regex(/^[A-Za-z]{1,40}$/, 'must be the type of a message'),
      term: natural,
      from: node,
      to: node,
      entries: natural.max(1_000_000_000),
      logTerm: natural,
      index: natural,
      commit: natural,
      vote: node,
      reject: z.boolean(),
      rejectHint: natural,
    })
    .optional(),
  prop: z.record(z.string(), z.unknown()).nullish(),
});

/** The event stands in the field `event` of a logger's line, or is the line. @throws ExchangeRefused that names the field */
export function readEtcdLine(file: string, number: number, fields: Fields): EtcdLine {
  const inner = 'event' in fields ? fields['event'] : fields;
  const read = lineSchema.safeParse(inner);
  if (read.success) return { ...read.data, prop: read.data.prop ?? undefined };
  const issue = read.error.issues[0];
  const field = ['event', ...(issue?.path ?? [])].join('.');
  throw refused(
    file,
    number,
    `${field} is not as in a trace of etcd-io/raft: ${issue?.message ?? 'it is of another form'}`,
    'The format is that of state_trace.go; leave out lines that are not events.',
  );
}
