/** The figures of two runs side by side. Pure. */
import type { ElectionRow, OperationFigures, RunFigures, TraceInfo } from '../../src-main/api/index.ts';
import { median } from '../charts/series.ts';
import { count } from '../wording/figures.ts';

export interface RunInFigures {
  readonly info: TraceInfo;
  readonly elections: readonly ElectionRow[];
  readonly figures: RunFigures;
}

export interface FiguresRow {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly unit: 'count' | 'ms' | 's';
}

export interface FiguresGroup {
  readonly title: string;
  readonly rows: readonly FiguresRow[];
}

/** Elections told one by one; a run may have thousands. */
const ELECTIONS_SHOWN = 12;

export function figuresTable(a: RunInFigures, b: RunInFigures): FiguresGroup[] {
  const row = (
    name: string,
    of: (run: RunInFigures) => number | null,
    unit: FiguresRow['unit'] = 'count',
  ): FiguresRow => ({ name, a: of(a), b: of(b), unit });
  return [
    {
      title: 'Run',
      rows: [
        row('duration', ({ info }) => info.durationNs / 1e9, 's'),
        row('nodes', ({ info }) => info.nodes.length),
        row('highest term', ({ figures }) => figures.termMax),
        row('faults', ({ info }) => info.faults),
        row('findings', ({ info }) => info.findings),
        row('gaps', ({ info }) => info.gaps),
      ],
    },
    {
      title: 'Elections',
      rows: [
        row('elections', ({ elections }) => elections.length),
        row('split votes', ({ elections }) => sum(elections.map(({ splitVotes }) => splitVotes))),
        row('median detection', middle('detectionMs'), 'ms'),
        row('median campaign', middle('campaignMs'), 'ms'),
        row('median first commit', middle('firstCommitMs'), 'ms'),
        row('longest downtime', ({ elections }) => most(elections.map((one) => one.downtimeMs)), 'ms'),
      ],
    },
    ...electionGroups(a.elections, b.elections),
    { title: 'Operations', rows: operationRows(a, b) },
    { title: 'Messages sent', rows: messageRows(a, b) },
  ];
}

/** Of the elections that replaced a leader: the first of a run waits for the nodes' start. */
function middle(what: 'detectionMs' | 'campaignMs' | 'firstCommitMs') {
  return ({ elections }: RunInFigures): number | null =>
    median(
      elections.flatMap((election) => {
        const ms = election[what];
        return election.previousLeader === null || ms === null ? [] : [ms];
      }),
    );
}

/** The first with the first, the second with the second. */
function electionGroups(a: readonly ElectionRow[], b: readonly ElectionRow[]): FiguresGroup[] {
  const shown = Math.min(Math.max(a.length, b.length), ELECTIONS_SHOWN);
  return Array.from({ length: shown }, (_, at) => {
    const [inA, inB] = [a[at], b[at]];
    const who = (row: ElectionRow | undefined): string =>
      row ? `${row.leader} in term ${row.term}` : 'none';
    const row = (name: string, of: (election: ElectionRow) => number | null): FiguresRow => ({
      name,
      a: inA ? of(inA) : null,
      b: inB ? of(inB) : null,
      unit: 'ms',
    });
    return {
      title: `Election ${at + 1}: ${who(inA)} / ${who(inB)}`,
      rows: [
        row('detection', ({ detectionMs }) => detectionMs),
        row('campaign', ({ campaignMs }) => campaignMs),
        row('first commit', ({ firstCommitMs }) => firstCommitMs),
        row('downtime', ({ downtimeMs }) => downtimeMs),
      ],
    };
  });
}

const OUTCOMES: [OperationFigures['outcome'], string][] = [
  ['ok', 'acknowledged'],
  ['fail', 'failed'],
  ['unknown', 'unknown'],
  ['open', 'never ended'],
];

function operationRows(a: RunInFigures, b: RunInFigures): FiguresRow[] {
  return OUTCOMES.flatMap(([outcome, name]): FiguresRow[] => {
    const of = (run: RunInFigures): OperationFigures | undefined =>
      run.figures.operations.find((row) => row.outcome === outcome);
    const [inA, inB] = [of(a), of(b)];
    const counted: FiguresRow = { name, a: inA?.count ?? 0, b: inB?.count ?? 0, unit: 'count' };
    if (outcome === 'open' || (counted.a === 0 && counted.b === 0)) return [counted];
    return [
      counted,
      { name: `${name}, p50`, a: inA?.p50Ms ?? null, b: inB?.p50Ms ?? null, unit: 'ms' },
      { name: `${name}, p99`, a: inA?.p99Ms ?? null, b: inB?.p99Ms ?? null, unit: 'ms' },
    ];
  });
}

function messageRows(a: RunInFigures, b: RunInFigures): FiguresRow[] {
  const sent = (run: RunInFigures): Map<string, number> =>
    new Map(run.figures.messages.map((row) => [row.type, row.sent]));
  const [inA, inB] = [sent(a), sent(b)];
  const types = [...new Set([...inA.keys(), ...inB.keys()])];
  return [
    { name: 'all', a: sum([...inA.values()]), b: sum([...inB.values()]), unit: 'count' },
    ...types.map((type): FiguresRow => ({
      name: type,
      a: inA.get(type) ?? 0,
      b: inB.get(type) ?? 0,
      unit: 'count',
    })),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function most(values: readonly (number | null)[]): number | null {
  return values.reduce(
    (high, value) => (value !== null && (high === null || value > high) ? value : high),
    null,
  );
}

/** Without its unit, which stands in the name of the row: a column of numbers is read faster. */
export function figureText(value: number | null, unit: FiguresRow['unit']): string {
  if (value === null) return '–';
  if (unit === 'count') return count(value);
  return unit === 's'
    ? value.toFixed(3)
    : value < 1
      ? value.toFixed(2)
      : value < 100
        ? value.toFixed(1)
        : count(Math.round(value));
}

/** `detection, ms` */
export function rowName({ name, unit }: FiguresRow): string {
  return unit === 'count' ? name : `${name}, ${unit}`;
}

/** `+12.3`, `−4`; a dash where one side has none, `same` where both are equal. */
export function differenceText({ a, b, unit }: FiguresRow): string {
  if (a === null || b === null) return '–';
  if (a === b) return 'same';
  const text = figureText(Math.abs(b - a), unit);
  return `${b > a ? '+' : '−'}${text}`;
}

/** How many times A's figure B's is: `×1.25`; empty where that says nothing. */
export function ratioText({ a, b }: FiguresRow): string {
  if (a === null || b === null || a <= 0 || b < 0 || a === b) return '';
  const ratio = b / a;
  return `×${ratio >= 100 ? Math.round(ratio) : Number(ratio.toPrecision(3))}`;
}
