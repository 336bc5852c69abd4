/** Reads a schedule from a file's text. */
import { z } from 'zod';
import { resolveRaftOptions, type RaftOptions } from '../../consensus/raft/options.ts';
import { BUGS } from './bias.ts';
import { SCHEDULE_FORMAT, SCHEDULE_VERSION, type Schedule } from './schedule.ts';

const ns = z.number().nonnegative();
const share = z.number().min(0).max(1);
const range = z.strictObject({ min: ns, max: ns });
const node = z.string().min(1);
const pair = z.tuple([node, node]);
const transition = z.enum(['auto', 'simple', 'joint', 'joint-explicit']);

const quality = z.strictObject({ delayNs: range, loss: share, duplicate: share, straggle: share });

const call = z.strictObject({
  number: z.int().nonnegative(),
  afterNs: ns,
  call: z.enum(['put', 'get', 'delete', 'cas']),
  key: z.string().min(1),
  read: z.enum(['log', 'read-index', 'lease', 'stale']),
  node: node.optional(),
});

const client = z.strictObject({
  id: z.string().min(1),
  calls: z.array(call),
  attemptNs: ns,
  attemptsMax: z.int().positive(),
});

const change = z.strictObject({ kind: z.enum(['add-voter', 'add-learner', 'remove']), node });

const command = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('change-membership'), changes: z.array(change), transition }),
  z.strictObject({ kind: z.literal('leave-joint') }),
  z.strictObject({ kind: z.literal('transfer-leadership'), to: node }),
  z.strictObject({ kind: z.enum(['campaign', 'snapshot', 'forget-leader']), node }),
]);

const at = { atNs: ns };

const action = z.discriminatedUnion('kind', [
  z.strictObject({ ...at, kind: z.literal('partition'), shape: z.string(), cuts: z.array(pair), forNs: ns }),
  z.strictObject({ ...at, kind: z.literal('links'), links: z.array(pair), quality, forNs: ns }),
  z.strictObject({
    ...at,
    kind: z.literal('kill'),
    node,
    power: z.boolean(),
    point: z.enum(['send', 'write', 'written', 'apply', 'answer']).optional(),
    nth: z.int().positive().optional(),
    downNs: ns,
  }),
  z.strictObject({ ...at, kind: z.literal('wipe'), node, downNs: ns }),
  z.strictObject({ ...at, kind: z.enum(['pause', 'slow-apply']), node, forNs: ns }),
  z.strictObject({ ...at, kind: z.literal('slow-disk'), node, writeNs: range, forNs: ns }),
  z.strictObject({ ...at, kind: z.literal('clock'), node, rate: ns, stepMs: ns, forNs: ns }),
  z.strictObject({ ...at, kind: z.literal('join'), node }),
  z.strictObject({ ...at, kind: z.literal('operator'), command }),
]);

const stable = z.strictObject({
  atNs: ns,
  rest: z.array(z.enum(['crash', 'cut', 'bridge'])).min(1),
  commitWithinNs: ns,
  settleWithinNs: ns,
  calmNs: ns,
  probeNs: ns.refine((value) => value > 0, 'must be above 0'),
});

const schedule = z.strictObject({
  format: z.literal(SCHEDULE_FORMAT),
  version: z.literal(SCHEDULE_VERSION),
  seed: z.int().nonnegative(),
  protocol: z.literal('raft'),
  bug: z.enum(BUGS).nullable(),
  options: z.looseObject({}),
  voters: z.array(node).min(1),
  environment: z.strictObject({
    links: quality,
    clientLinks: quality,
    writeNs: range,
    turnNs: ns,
    drift: share,
  }),
  clients: z.array(client),
  actions: z.array(action),
  stable: stable.nullable(),
  untilNs: ns,
});

/** @throws RangeError that says what is wrong, and where */
export function readSchedule(text: string): Schedule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RangeError(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = schedule.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new RangeError(`${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'it is no schedule'}`);
  }
  return {
    ...read.data,
    options: resolveRaftOptions(read.data.options as unknown as RaftOptions),
  } as Schedule;
}
