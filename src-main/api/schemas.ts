/** The door of the API: every call from a window meets its schema here, once. */
import { z } from 'zod';
import { EXPORT_FORMATS, EXPORT_TABLES } from '../trace/model/exchange-formats.ts';
import type { MethodName, MethodParams, StreamName, StreamParams, WindowReport } from './contract.ts';
import { QUERY_ROWS_MAX, REPORT_BYTES_MAX } from './contract.ts';

// zod's probe for `eval` would violate the window's content security policy.
z.config({ jitless: true });

const runId = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a run id is a UUID');
const node = z.string().regex(/^n[1-9]$/, 'a node is n1 to n9');
const key = z.string().min(1).max(256);
const value = z.string().max(64 * 1024);
const title = z.string().trim().min(1).max(120);
const ns = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const rows = z.number().int().min(1).max(QUERY_ROWS_MAX);
const id = z.string().min(1).max(80);
const nothing = z.strictObject({});
/** Steps of a course that are read for one digest. */
const COURSE_STEPS_MAX = 65_536;
const span = { fromNs: ns, toNs: ns };

const command = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['kill', 'pause', 'resume', 'restart', 'stop', 'campaign', 'transfer', 'snapshot']),
    node,
  }),
  z.strictObject({
    kind: z.enum(['remove-node', 'promote', 'demote', 'replace-node', 'forget-leader']),
    node,
  }),
  z.strictObject({
    kind: z.literal('add-node'),
    node,
    as: z.enum(['learner', 'voter'], 'a node joins as learner or as voter'),
  }),
  z.strictObject({
    kind: z.literal('change-membership'),
    changes: z
      .array(z.strictObject({ kind: z.enum(['add-voter', 'add-learner', 'remove']), node }))
      .min(1)
      .max(9),
    transition: z.enum(['auto', 'simple', 'joint', 'joint-explicit']).optional(),
  }),
  z.strictObject({ kind: z.literal('leave-joint') }),
  z.strictObject({ kind: z.literal('heal') }),
  z.strictObject({ kind: z.literal('workload'), clients: z.number().int().min(0).max(256) }),
  z.strictObject({ kind: z.literal('put'), key, value }),
  z.strictObject({
    kind: z.literal('get'),
    key,
    read: z.enum(['log', 'read-index', 'lease', 'stale']).optional(),
    stale: z.boolean().optional(),
    node: node.optional(),
  }),
  z.strictObject({ kind: z.literal('delete'), key }),
  z.strictObject({ kind: z.literal('cas'), key, expected: value, value }),
]);

const term = z.number().int().min(0);
const timelineFilter = z.strictObject({
  nodes: z.array(z.string().max(16)).max(16).optional(),
  types: z.array(z.string().max(32)).max(64).optional(),
  terms: z.array(term).max(100).optional(),
  fates: z
    .array(z.enum(['delivered', 'arrived', 'dropped', 'lost', 'under-way']))
    .max(5)
    .optional(),
  text: z.string().max(200).optional(),
});
const filter = timelineFilter.extend({
  sources: z.array(z.string().max(16)).max(16).optional(),
  kinds: z.array(z.string().max(32)).max(64).optional(),
  term: term.optional(),
  notable: z.boolean().optional(),
});

/** Query parameters by query name; the reader trusts what passed here. */
export const querySchemas = {
  info: nothing,
  totals: nothing,
  figures: nothing,
  stateAt: z.strictObject({ atNs: ns }),
  lanes: z.strictObject(span),
  messages: z.strictObject({
    ...span,
    limit: rows,
    heartbeats: z.boolean(),
    filter: timelineFilter.optional(),
  }),
  traffic: z.strictObject({
    ...span,
    buckets: z.number().int().min(1).max(2_000),
    limit: rows,
    heartbeats: z.boolean(),
  }),
  message: z.strictObject({ id }),
  events: z.strictObject({
    ...span,
    limit: rows,
    filter: filter.optional(),
    newestFirst: z.boolean().optional(),
  }),
  event: z.strictObject({ id }),
  chain: z.strictObject({ id, limit: z.number().int().min(1).max(200) }),
  step: z.strictObject({
    atNs: ns,
    id: id.optional(),
    direction: z.enum(['next', 'previous']),
    kind: z.enum(['event', 'message', 'election', 'fault', 'finding', 'term']),
    filter: timelineFilter.optional(),
  }),
  elections: nothing,
  faults: nothing,
  findings: nothing,
  operations: z.strictObject({ ...span, limit: rows }),
  operationBuckets: z.strictObject({ ...span, buckets: z.number().int().min(1).max(2_000) }),
  commits: z.strictObject({ ...span, buckets: z.number().int().min(1).max(2_000) }),
  marks: z.strictObject({ ...span, buckets: z.number().int().min(1).max(2_000) }),
  density: z.strictObject({ ...span, buckets: z.number().int().min(1).max(2_000) }),
  entryStory: z.strictObject({ index: z.number().int().min(1), term: term.optional() }),
  operationStory: z.strictObject({ id }),
  bookmarks: nothing,
  course: z
    .strictObject({
      source: z.string().min(1).max(16),
      scope: z.enum(['elections', 'everything']),
      after: id.optional(),
      fromNs: ns,
      limit: z.number().int().min(1).max(COURSE_STEPS_MAX),
      steps: z.boolean(),
    })
    .refine(({ limit, steps }) => !steps || limit <= QUERY_ROWS_MAX, 'too many steps at once'),
  logs: z.strictObject({
    atNs: ns,
    firstIndex: z.number().int().min(1).optional(),
    count: z.number().int().min(1).max(500),
  }),
} as const;

const query = z
  .strictObject({
    runId,
    query: z.enum(Object.keys(querySchemas) as [keyof typeof querySchemas]),
    params: z.unknown(),
  })
  .transform((call, context) => {
    const parsed = querySchemas[call.query].safeParse(call.params);
    if (parsed.success) return { runId: call.runId, query: call.query, params: parsed.data as object };
    for (const issue of parsed.error.issues) {
      context.addIssue({ code: 'custom', message: issue.message, path: ['params', ...issue.path] });
    }
    return z.NEVER;
  });

const bookmarkId = z.uuid('the id of a bookmark is a UUID');
const bookmarkWords = {
  title: z.string().trim().min(1, 'a bookmark has a title').max(120),
  note: z.string().max(4_000),
};

const methodSchemas = {
  capabilities: nothing,
  listRuns: nothing,
  listProfiles: nothing,
  listScenarios: nothing,
  startRun: z.strictObject({
    nodes: z.number().int().min(1, 'a cluster has 1 to 9 nodes').max(9, 'a cluster has 1 to 9 nodes'),
    profile: z.string().min(1).max(64),
    title: title.optional(),
    seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
    clients: z.number().int().min(0).max(256).optional(),
  }),
  startScenario: z.strictObject({ name: z.string().regex(/^[a-z0-9-]{1,64}$/) }),
  stopRun: z.strictObject({ runId }),
  renameRun: z.strictObject({ runId, title }),
  deleteRun: z.strictObject({ runId }),
  openTraceDialog: nothing,
  exportTrace: z.strictObject({
    runId,
    format: z.enum(EXPORT_FORMATS),
    table: z.enum(EXPORT_TABLES).optional(),
    redact: z.boolean(),
  }),
  cancelTransfer: z.strictObject({ id: z.number().int().min(0) }),
  execute: z.strictObject({ runId, command }),
  query,
  addBookmark: z.strictObject({
    runId,
    bookmark: z.strictObject({
      atNs: ns,
      event: id.optional(),
      ...bookmarkWords,
      fromNs: ns.optional(),
      toNs: ns.optional(),
    }),
  }),
  changeBookmark: z.strictObject({ runId, id: bookmarkId, ...bookmarkWords }),
  removeBookmark: z.strictObject({ runId, id: bookmarkId }),
  listHelp: nothing,
  help: z.strictObject({ name: z.string().regex(/^[a-z0-9-]{1,64}$/) }),
} as const satisfies Record<MethodName, z.ZodType>;

const streamSchemas = {
  live: z.strictObject({ runId }),
  runs: nothing,
  transfers: nothing,
} as const satisfies Record<StreamName, z.ZodType>;

const report = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,80}$/, 'the name of a report is made of a to z, digits and hyphens'),
  format: z.enum(['html', 'pdf']),
  html: z.string().max(REPORT_BYTES_MAX, `a report may be ${REPORT_BYTES_MAX / 1024 ** 2} MiB long`),
});

/** The call was not of the contract's form; the message names the method and the field. */
export class InvalidCall extends Error {}

export type ParsedCall = { [M in MethodName]: { method: M; params: MethodParams<M> } }[MethodName];
export type ParsedSubscription = { [S in StreamName]: { stream: S; params: StreamParams<S> } }[StreamName];

/** Checks a call that came from a window. Throws {@link InvalidCall}. */
export function parseCall(method: unknown, params: unknown): ParsedCall {
  if (typeof method !== 'string' || !Object.hasOwn(methodSchemas, method)) {
    throw new InvalidCall(`The lab has no method ${JSON.stringify(String(method).slice(0, 40))}.`);
  }
  const name = method as MethodName;
  return { method: name, params: parse(methodSchemas[name], name, params) } as ParsedCall;
}

/** Checks a subscription that came from a window. Throws {@link InvalidCall}. */
export function parseSubscription(stream: unknown, params: unknown): ParsedSubscription {
  if (typeof stream !== 'string' || !Object.hasOwn(streamSchemas, stream)) {
    throw new InvalidCall(`The lab has no stream ${JSON.stringify(String(stream).slice(0, 40))}.`);
  }
  const name = stream as StreamName;
  return { stream: name, params: parse(streamSchemas[name], name, params) } as ParsedSubscription;
}

/** Checks a report that came from a window. Throws {@link InvalidCall}. */
export function parseReport(given: unknown): WindowReport {
  return parse(report, 'saveReport', given) as WindowReport;
}

function parse(schema: z.ZodType, name: string, params: unknown): unknown {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue && issue.path.length > 0 ? ` (${issue.path.join('.')})` : '';
  throw new InvalidCall(`${name}${place}: ${issue?.message ?? 'not of the expected form'}.`);
}
