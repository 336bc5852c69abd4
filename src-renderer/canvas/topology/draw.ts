import type { NodeId, NodeState } from '../../../src-main/api/index.ts';
import type { Tokens } from '../../stores/appearance.ts';
import type { Flight } from './flights.ts';
import { flightLabel, isHeartbeat } from './flights.ts';
import type { Point, Size, TopologyLayout } from './layout.ts';
import { linkLine } from './layout.ts';

export interface TopologyScene {
  size: Size;
  layout: TopologyLayout;
  nodes: readonly NodeState[];
  /** Those who take no part: not let in yet, or removed. */
  outsiders: ReadonlySet<NodeId>;
  /** Messages a second on a directed link, `n1>n2`; empty where nobody counted. */
  rates: ReadonlyMap<string, number>;
  flights: readonly Flight[];
  selected: NodeId | null;
}

const OFFSET_REM = 0.25;
const LABELS_MAX = 8;

/** Links and messages. Nodes are elements of the page above this canvas. */
export function drawTopology(context: CanvasRenderingContext2D, scene: TopologyScene, tokens: Tokens): void {
  const { size, layout, nodes } = scene;
  context.clearRect(0, 0, size.width, size.height);
  const centre = new Map(nodes.map((node, at) => [node.id, layout.centres[at]!]));
  drawLinks(context, scene, tokens);
  for (const flight of scene.flights) {
    const from = centre.get(flight.from);
    const to = centre.get(flight.to);
    if (from && to)
      drawFlight(context, flight, from, to, layout.box, tokens, scene.flights.length <= LABELS_MAX);
  }
}

function carries(node: NodeState): boolean {
  return node.status === 'running' || node.status === 'starting';
}

function drawLinks(context: CanvasRenderingContext2D, scene: TopologyScene, tokens: Tokens): void {
  const { nodes, layout, rates } = scene;
  const { colour, rem } = tokens;
  nodes.forEach((a, i) => {
    nodes.forEach((b, j) => {
      if (i === j) return;
      const line = linkLine(
        layout.centres[i]!,
        layout.centres[j]!,
        layout.box,
        OFFSET_REM * rem,
        0.375 * rem,
      );
      const part = !scene.outsiders.has(a.id) && !scene.outsiders.has(b.id);
      const open = part && carries(a) && carries(b);
      const rate = rates.get(`${a.id}>${b.id}`) ?? 0;
      if (!part && rate === 0) return;
      const led = a.role === 'leader' || b.role === 'leader';
      context.strokeStyle = rate > 0 || (open && led && rates.size === 0) ? colour.t3 : colour.s3;
      context.lineWidth = 1;
      context.setLineDash(open ? [] : [2, 5]);
      context.beginPath();
      context.moveTo(line.from.x, line.from.y);
      context.lineTo(line.to.x, line.to.y);
      context.stroke();
      if (i < j) drawRate(context, scene, a.id, b.id, line, tokens);
    });
  });
  context.setLineDash([]);
}

/** One figure for both directions of a link, beside its middle; only where a node is selected do all links say theirs. */
function drawRate(
  context: CanvasRenderingContext2D,
  scene: TopologyScene,
  a: NodeId,
  b: NodeId,
  line: { from: Point; to: Point },
  tokens: Tokens,
): void {
  if (scene.selected && scene.selected !== a && scene.selected !== b) return;
  const there = scene.rates.get(`${a}>${b}`) ?? 0;
  const back = scene.rates.get(`${b}>${a}`) ?? 0;
  if (there + back <= 0) return;
  const rem = tokens.rem;
  const text = `${(there + back).toLocaleString('en')}/s`;
  const dx = line.to.x - line.from.x;
  const dy = line.to.y - line.from.y;
  const length = Math.hypot(dx, dy) || 1;
  context.font = `${0.75 * rem}px 'JetBrains Mono Variable', monospace`;
  context.textBaseline = 'middle';
  // Beside the pair of lines, on the side away from the middle one, as far as the figure is wide in that direction.
  const width = context.measureText(text).width;
  const aside =
    OFFSET_REM * rem + 0.375 * rem + (Math.abs(dy / length) * width + Math.abs(dx / length) * 0.75 * rem) / 2;
  const x = line.from.x + dx * 0.5 + (-dy / length) * aside;
  const y = line.from.y + dy * 0.5 + (dx / length) * aside;
  context.textAlign = 'center';
  context.fillStyle = tokens.colour.t3;
  context.fillText(text, x, y);
}

function flightColour(flight: Flight, tokens: Tokens): string {
  const { row } = flight;
  if (row.type === 'RequestVote' || row.type === 'PreVote') return tokens.colour.candidate;
  if (row.type === 'TimeoutNow') return tokens.colour.leader;
  if (row.type === 'InstallSnapshot') return tokens.colour.learner;
  if (row.type === 'ReadIndex') return tokens.colour.accent;
  if (row.granted === false) return tokens.colour.fault;
  if (row.granted === true || row.type.endsWith('Reply')) return tokens.colour.ok;
  return tokens.colour.follower;
}

function drawFlight(
  context: CanvasRenderingContext2D,
  flight: Flight,
  from: Point,
  to: Point,
  box: Size,
  tokens: Tokens,
  labelled: boolean,
): void {
  const rem = tokens.rem;
  const line = linkLine(from, to, box, OFFSET_REM * rem, 0.375 * rem);
  const x = line.from.x + (line.to.x - line.from.x) * flight.progress;
  const y = line.from.y + (line.to.y - line.from.y) * flight.progress;
  const radius = (isHeartbeat(flight.row) ? 0.1875 : 0.3125) * rem;
  const colour = flightColour(flight, tokens);
  context.beginPath();
  if (flight.lost) {
    context.strokeStyle = tokens.colour.fault;
    context.lineWidth = 2;
    context.moveTo(x - radius, y - radius);
    context.lineTo(x + radius, y + radius);
    context.moveTo(x + radius, y - radius);
    context.lineTo(x - radius, y + radius);
    context.stroke();
  } else {
    context.fillStyle = colour;
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
  const label = flight.count > 1 ? `${flight.count} waiting` : labelled ? flightLabel(flight.row) : '';
  if (!label) return;
  context.font = `${0.75 * rem}px 'Inter Variable', sans-serif`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.lineWidth = 3;
  context.strokeStyle = tokens.colour.s0;
  context.strokeText(label, x + 0.625 * rem, y);
  context.fillStyle = tokens.colour.t1;
  context.fillText(label, x + 0.625 * rem, y);
}
