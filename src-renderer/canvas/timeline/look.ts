/** One look at a trace: everything that a drawing of a view needs, asked together. */
import type {
  ElectionRow,
  FaultRow,
  FindingRow,
  LaneMark,
  LaneSegment,
  LeaseStretch,
  MessageClass,
  MessageRow,
  NodeId,
  OperationBucket,
  OperationRow,
  QueryAnswer,
  QueryName,
  QueryParams,
  TimelineFilter,
} from '../../../src-main/api/index.ts';
import type { LoadedFor } from './buffer.ts';
import { columnFor, messageLimit, wantedWindow } from './buffer.ts';
import type { CommitStep } from './commits.ts';
import { commitSteps } from './commits.ts';
import type { Haze } from './haze.ts';
import { buildHaze } from './haze.ts';
import { roundBuckets } from './ticks.ts';
import type { Viewport } from './viewport.ts';
import { spanOf } from './viewport.ts';

/** What of a run does not depend on the view. */
export interface RunFacts {
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly findings: readonly FindingRow[];
}

/** What is drawn, all of one look at the trace. */
export interface TimelineData extends RunFacts {
  readonly loaded: LoadedFor;
  readonly segments: readonly LaneSegment[];
  readonly leases: readonly LeaseStretch[];
  /** One by one, where they are few enough. */
  readonly messages: readonly MessageRow[];
  /** The classes that are not among `messages` but in the haze. */
  readonly crowded: readonly MessageClass[];
  readonly haze: Haze | null;
  /** With a filter: how many messages of the view pass it, and how many there are; null without. */
  readonly passing: { readonly total: number; readonly all: number } | null;
  readonly buckets: readonly OperationBucket[];
  /** One by one; null where they are too many. */
  readonly operations: readonly OperationRow[] | null;
  readonly marks: readonly LaneMark[];
  /** Where each node's commit index rose. */
  readonly commits: ReadonlyMap<NodeId, readonly CommitStep[]>;
}

export type Query = <Q extends QueryName>(name: Q, params: QueryParams<Q>) => Promise<QueryAnswer<Q>>;

export interface Wish {
  readonly view: Viewport;
  readonly plotPx: number;
  readonly nodes: readonly NodeId[];
  readonly edgeNs: number;
  readonly heartbeats: boolean;
  /** Only messages that pass; then each is drawn by itself, thinned evenly where they are too many. */
  readonly filter?: TimelineFilter | undefined;
}

/** Bars of the clients' row and marks are so many columns wide. */
const BAR_COLUMNS = 3;
/** Operations are drawn one by one in views no wider than this, and as long as there are no more of them. */
const OPERATIONS_NS_MAX = 1_000_000_000;
const OPERATIONS_MAX = 500;

export async function askFacts(query: Query): Promise<RunFacts> {
  const [elections, faults, findings] = await Promise.all([
    query('elections', {}),
    query('faults', {}),
    query('findings', {}),
  ]);
  return { elections: elections.elections, faults: faults.faults, findings: findings.findings };
}

/** @throws what the reader says when it cannot answer */
export async function askTimeline(query: Query, facts: RunFacts, wish: Wish): Promise<TimelineData> {
  const { view, plotPx, nodes, edgeNs } = wish;
  const columnNs = columnFor(view, plotPx);
  const columns = wantedWindow(view, columnNs, edgeNs);
  const { fromNs, toNs } = columns;
  const window = { fromNs, toNs };
  const bars = roundBuckets(window, columnNs * BAR_COLUMNS);
  const [lanes, traffic, clients, commits, marks, operations] = await Promise.all([
    query('lanes', window),
    askMessages(query, wish, columns),
    query('operationBuckets', bars),
    query('commits', columns),
    query('marks', bars),
    spanOf(view) <= OPERATIONS_NS_MAX ? query('operations', { ...window, limit: OPERATIONS_MAX }) : null,
  ]);
  return {
    ...facts,
    loaded: { window, columnNs, edgeNs },
    segments: lanes.segments,
    leases: lanes.leases,
    messages: traffic.rows,
    crowded: traffic.crowded,
    passing: traffic.passing,
    haze: traffic.haze.length > 0 ? buildHaze(traffic, nodes, columns) : null,
    buckets: clients.buckets,
    operations: operations && operations.total <= OPERATIONS_MAX ? operations.operations : null,
    marks: marks.marks,
    commits: new Map(commits.nodes.map(({ node, indexes }) => [node, commitSteps(indexes, columns)])),
  };
}

async function askMessages(
  query: Query,
  { view, plotPx, edgeNs, heartbeats, filter }: Wish,
  columns: { fromNs: number; toNs: number; buckets: number },
): Promise<QueryAnswer<'traffic'> & Pick<TimelineData, 'passing'>> {
  const limit = 3 * messageLimit(plotPx);
  if (!filter) return { ...(await query('traffic', { ...columns, limit, heartbeats })), passing: null };
  const { fromNs, toNs } = columns;
  const viewFromNs = Math.max(Math.floor(view.fromNs), 0);
  const viewToNs = Math.max(Math.ceil(Math.min(view.toNs, edgeNs + 1)), viewFromNs + 1);
  const [given, counted] = await Promise.all([
    query('messages', { fromNs, toNs, limit, heartbeats, filter }),
    query('messages', { fromNs: viewFromNs, toNs: viewToNs, limit: 1, heartbeats, filter }),
  ]);
  const passing = { total: counted.total, all: counted.all ?? counted.total };
  return { rows: given.rows, crowded: [], haze: [], passing };
}
