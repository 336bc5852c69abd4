/** Latency and throughput over the run as one drawing of lines, which prints as sharply as text. */
import type { ElectionRow, FaultRow, OperationBucket } from '../../src-main/api/index.ts';
import { decadesAround, operationSeries } from '../charts/series.ts';
import type { TimePoint } from '../charts/series.ts';
import { count } from '../wording/figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';

const WIDTH = 880;
const LEFT = 58;
const RIGHT = WIDTH - 12;
const LATENCY = { top: 22, bottom: 190 };
const RATE = { top: 220, bottom: 290 };
const HEIGHT = 320;
const TICKS = 8;

export interface LatencyChart {
  readonly buckets: readonly OperationBucket[];
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly endNs: number;
}

/** Null where no operation was acknowledged. */
export function latencyChart({ buckets, elections, faults, endNs }: LatencyChart): Markup | null {
  const { p50, p99, perSecond } = operationSeries(buckets, endNs);
  if (!p50.some(({ y }) => y !== null)) return null;
  const endS = Math.max(endNs / 1e9, 1e-9);
  const x = (seconds: number): number =>
    LEFT + (Math.min(Math.max(seconds, 0), endS) / endS) * (RIGHT - LEFT);
  const decades = decadesAround([...p50, ...p99].map(({ y }) => y));
  const logSpan = Math.log10(decades.max / decades.min);
  const latencyY = (ms: number): number =>
    LATENCY.bottom - (Math.log10(ms / decades.min) / logSpan) * (LATENCY.bottom - LATENCY.top);
  const most = Math.max(...perSecond.map(({ y }) => y ?? 0), 1);
  const rateY = (rate: number): number => RATE.bottom - (rate / most) * (RATE.bottom - RATE.top);

  const grid: Markup[] = [];
  for (let ms = decades.min; ms <= decades.max * 1.001; ms *= 10) {
    const y = place(latencyY(ms));
    grid.push(
      html`<path d="M${LEFT} ${y}H${RIGHT}" stroke="var(--line)" /><text
          x="${LEFT - 8}"
          y="${place(latencyY(ms) + 4)}"
          text-anchor="end"
          >${Number(ms.toPrecision(3))} ms</text
        >`,
    );
  }
  const step = niceStep(endS / TICKS);
  for (let at = 0; at <= endS; at += step) {
    grid.push(
      html`<text x="${place(x(at))}" y="${HEIGHT - 8}" text-anchor="middle"
        >${Number(at.toPrecision(6))} s</text
      >`,
    );
  }
  const bands = faults.map((fault) => {
    const from = x(fault.fromNs / 1e9);
    const width = Math.max(x((fault.toNs ?? endNs) / 1e9) - from, 1);
    return html`<rect
      x="${place(from)}"
      y="${LATENCY.top}"
      width="${place(width)}"
      height="${RATE.bottom - LATENCY.top}"
      fill="var(--fault)"
      opacity="0.12"
    />`;
  });
  const lines = elections.map(
    (row) =>
      html`<path
        d="M${place(x(row.electedNs / 1e9))} ${LATENCY.top}V${RATE.bottom}"
        stroke="var(--leader)"
      />`,
  );
  return html`<svg
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    role="img"
    aria-label="Latency and throughput of client operations over the run; the figures stand in the table of operations."
  >
    <rect width="${WIDTH}" height="${HEIGHT}" fill="var(--s1)" />
    ${bands}${grid}${lines}
    <path d="${pathOf(p50, x, latencyY)}" fill="none" stroke="var(--follower)" stroke-width="1.75" />
    <path d="${pathOf(p99, x, latencyY)}" fill="none" stroke="var(--candidate)" stroke-width="1.75" />
    <path d="${pathOf(perSecond, x, rateY)}" fill="none" stroke="var(--ok)" stroke-width="1.75" />
    <path d="M${LEFT} ${RATE.bottom}H${RIGHT}" stroke="var(--line)" />
    <text x="${LEFT - 8}" y="${RATE.top + 4}" text-anchor="end">${count(Math.round(most))}/s</text>
    <text x="${LEFT - 8}" y="${RATE.bottom + 4}" text-anchor="end">0</text>
  </svg>`;
}

/** A line that breaks where nothing was acknowledged. */
function pathOf(
  points: readonly TimePoint[],
  x: (seconds: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let drawing = false;
  for (const point of points) {
    if (point.y === null) {
      drawing = false;
      continue;
    }
    path += `${drawing ? 'L' : 'M'}${place(x(point.x))} ${place(y(point.y))}`;
    // A point between two gaps is a dot: a line of no length with a round end.
    if (!drawing) path += 'h0.01';
    drawing = true;
  }
  return path;
}

/** A coordinate as short as a tenth of a pixel allows. */
function place(value: number): number {
  return Math.round(value * 10) / 10;
}

function niceStep(least: number): number {
  const decade = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return [1, 2, 5, 10].map((part) => part * decade).find((step) => step >= least) ?? 10 * decade;
}
