/** Arrows, batched by look so that a thousand of them are a few strokes. */
import type { Palette } from './palette.ts';
import type { MessageArrow } from './arrows.ts';

interface Look {
  readonly colour: string;
  readonly widthPx: number;
  readonly alpha: number;
  readonly dash: readonly number[];
}

const HEAD_PX = 5;
/** More arrows of one look than this fade, so that the lanes stay readable behind a whole run of them. */
const CROWD = 160;
const HEAD_ANGLE = 0.42;

function lookOf(arrow: MessageArrow, palette: Palette): Look {
  // A refusal keeps its type's colour and is dashed; what never took effect is dimmer, its cross tells the rest.
  const dash = arrow.row.granted === false ? [3, 3] : [];
  switch (arrow.style) {
    case 'vote':
      return { colour: palette.candidate, widthPx: 1.25, alpha: 1, dash };
    case 'vote-reply':
      return { colour: palette.ok, widthPx: 1.25, alpha: 1, dash };
    case 'pre-vote':
      return { colour: palette.candidate, widthPx: 1, alpha: 0.6, dash };
    case 'pre-vote-reply':
      return { colour: palette.ok, widthPx: 1, alpha: 0.6, dash };
    case 'hand-over':
      return { colour: palette.leader, widthPx: 2, alpha: 1, dash };
    case 'snapshot':
      return { colour: palette.learner, widthPx: 2, alpha: 0.9, dash };
    case 'snapshot-reply':
      return { colour: palette.learner, widthPx: 1, alpha: 0.6, dash };
    case 'read':
      return { colour: palette.accent, widthPx: 1, alpha: 0.6, dash };
    case 'entries':
      return { colour: palette.follower, widthPx: 1, alpha: 0.75, dash };
    case 'append-reply':
      return arrow.row.granted === false
        ? { colour: palette.leader, widthPx: 1, alpha: 0.9, dash }
        : { colour: palette.t3, widthPx: 1, alpha: 0.4, dash };
    case 'heartbeat':
      return { colour: palette.t3, widthPx: 1, alpha: 0.4, dash };
    case 'other':
      return { colour: palette.t2, widthPx: 1, alpha: 0.6, dash };
  }
}

/** Returns how many lines, heads and crosses it drew. */
export function drawArrows(
  context: CanvasRenderingContext2D,
  arrows: readonly MessageArrow[],
  palette: Palette,
): number {
  const batches = new Map<string, { look: Look; arrows: MessageArrow[] }>();
  for (const arrow of arrows) {
    const key = `${arrow.style}${arrow.row.granted === false ? '-refused' : ''}`;
    const batch = batches.get(key);
    if (batch) batch.arrows.push(arrow);
    else batches.set(key, { look: lookOf(arrow, palette), arrows: [arrow] });
  }
  // Faint things first, so that what matters lies on top.
  const order = [...batches.values()].sort((a, b) => a.look.alpha - b.look.alpha);
  for (const { look, arrows: members } of order) {
    const crowded = Math.min(1, Math.sqrt(CROWD / Math.max(members.length, 1)));
    strokeBatch(context, members, { ...look, alpha: Math.max(look.alpha * crowded, 0.16) });
  }
  context.strokeStyle = palette.fault;
  context.lineWidth = 1.5;
  context.beginPath();
  let drawn = arrows.length;
  for (const { end, x2, y2 } of arrows) {
    if (end !== 'open') drawn++;
    if (end !== 'cross') continue;
    context.moveTo(x2 - 3.5, y2 - 3.5);
    context.lineTo(x2 + 3.5, y2 + 3.5);
    context.moveTo(x2 + 3.5, y2 - 3.5);
    context.lineTo(x2 - 3.5, y2 + 3.5);
  }
  context.stroke();
  return drawn;
}

/** One arrow, brighter than the others: the selected one or the one under the pointer. */
export function drawOneArrow(
  context: CanvasRenderingContext2D,
  arrow: MessageArrow,
  colour: string,
  widthPx: number,
): void {
  strokeBatch(context, [arrow], { colour, widthPx, alpha: 1, dash: [] });
}

function strokeBatch(context: CanvasRenderingContext2D, arrows: readonly MessageArrow[], look: Look): void {
  context.strokeStyle = look.colour;
  context.lineWidth = look.widthPx;
  context.globalAlpha = look.alpha;
  context.setLineDash(look.dash);
  context.beginPath();
  for (const { x1, y1, x2, y2 } of arrows) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  for (const arrow of arrows) if (arrow.end === 'arrow') head(context, arrow);
  context.stroke();
  context.globalAlpha = 1;
}

function head(context: CanvasRenderingContext2D, { x1, y1, x2, y2 }: MessageArrow): void {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  context.moveTo(x2 - HEAD_PX * Math.cos(angle - HEAD_ANGLE), y2 - HEAD_PX * Math.sin(angle - HEAD_ANGLE));
  context.lineTo(x2, y2);
  context.lineTo(x2 - HEAD_PX * Math.cos(angle + HEAD_ANGLE), y2 - HEAD_PX * Math.sin(angle + HEAD_ANGLE));
}
