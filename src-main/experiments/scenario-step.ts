/** One step of a scenario: what may stand in it. */
import { z } from 'zod';
import { durationSchema } from './duration.ts';

export const nodeName = z.string().regex(/^n[1-9]$/, 'a node is n1 to n9');

/** `leader` and `follower` are resolved when the step comes; `killed` and `paused` are the nodes that are so then. */
const target = z.union([z.enum(['leader', 'follower', 'killed', 'paused']), nodeName], {
  error: 'a target is leader, follower, killed, paused or a node such as n2',
});
export type Target = z.infer<typeof target>;

const oneTarget = z.union([z.enum(['leader', 'follower']), nodeName], {
  error: 'a target is leader, follower or a node such as n2',
});
const manyTargets = z.union([z.enum(['leader', 'follower', 'all']), nodeName], {
  error: 'a target is leader, follower, all or a node such as n2',
});
const heir = z.union([z.literal('follower'), nodeName], {
  error: 'who takes over is follower or a node such as n2',
});

const newcomer = z.strictObject(
  {
    node: nodeName,
    as: z.enum(['learner', 'voter'], 'a node joins as learner or as voter').default('learner'),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type' ? 'a node to add is a record such as { node: n6, as: learner }' : undefined,
  },
);

/** A list may be written as its only member. */
function oneOrMore<T extends z.ZodType>(item: T) {
  return z
    .union([item, z.array(item).min(1, 'at least one').max(9, 'at most 9')])
    .transform((given) => (Array.isArray(given) ? given : [given]) as z.infer<T>[]);
}

const waitFor = z
  .strictObject({
    /** That there is a leader, or that this node leads. */
    leader: z
      .union([z.literal('any'), nodeName], { error: 'a leader is any or a node such as n2' })
      .optional(),
    /** Acknowledged to the clients since the step began. */
    operations: z.int('a number of operations').min(1).max(100_000_000).optional(),
    caughtUp: manyTargets.optional(),
    compacted: manyTargets.optional(),
  })
  .refine((fields) => countOf(fields) === 1, {
    error: 'a step waits for exactly one of leader, operations, caughtUp, compacted',
  });
export type WaitFor = z.infer<typeof waitFor>;

/** What of a change of membership may stand together in one step, and is made at once. */
export const CHANGES = ['add', 'promote', 'demote', 'remove'] as const;
const ACTIONS = [
  'kill',
  'pause',
  'resume',
  'restart',
  'stop',
  'workload',
  'heal',
  'change of membership (add, promote, demote, remove)',
  'leave',
  'replace',
  'transfer',
  'snapshot',
  'campaign',
  'forgetLeader',
  'wait',
  'end',
] as const;

export const stepSchema = z
  .strictObject({
    after: durationSchema.optional(),
    /** How long it may take until it is done. */
    within: durationSchema.optional(),
    kill: target.optional(),
    pause: target.optional(),
    resume: target.optional(),
    restart: target.optional(),
    stop: target.optional(),
    workload: z.strictObject({ clients: z.number().int().min(0).max(256) }).optional(),
    heal: z.literal('all').optional(),
    add: oneOrMore(newcomer).optional(),
    promote: oneOrMore(nodeName).optional(),
    demote: oneOrMore(oneTarget).optional(),
    remove: oneOrMore(oneTarget).optional(),
    transition: z
      .enum(['auto', 'simple', 'joint', 'joint-explicit'], 'auto, simple, joint or joint-explicit')
      .optional(),
    leave: z.literal('joint').optional(),
    replace: nodeName.optional(),
    transfer: heir.optional(),
    snapshot: manyTargets.optional(),
    campaign: oneTarget.optional(),
    forgetLeader: oneTarget.optional(),
    wait: waitFor.optional(),
    end: z.literal('run').optional(),
  })
  .refine(doesOneThing, { error: `a step does exactly one of ${ACTIONS.join(', ')}` })
  .refine((fields) => fields.transition === undefined || changesMembership(fields), {
    path: ['transition'],
    error: 'a transition belongs to a change of membership (add, promote, demote, remove)',
  });
export type ScenarioStep = z.infer<typeof stepSchema>;

export function changesMembership(fields: { readonly [field: string]: unknown }): boolean {
  return CHANGES.some((change) => fields[change] !== undefined);
}

function doesOneThing({
  after: _,
  within: __,
  transition: ___,
  ...actions
}: Record<string, unknown>): boolean {
  const others = Object.entries(actions).filter(([name]) => !CHANGES.some((change) => change === name));
  return countOf(Object.fromEntries(others)) + (changesMembership(actions) ? 1 : 0) === 1;
}

function countOf(fields: object): number {
  return Object.values(fields).filter((value) => value !== undefined).length;
}
