/** The left column: which row is what. */
import type { NodeState } from '../../../src-main/api/index.ts';
import type { TimelineLayout } from './layout.ts';
import { SPAN_BAR_PX, SPAN_ROW_PX } from './layout.ts';
import type { Palette } from './palette.ts';

const INSET_PX = 16;

/** What the rows are called at the cursor. */
export interface GutterWords {
  readonly nodes: readonly { readonly id: string; readonly words: string; readonly down: boolean }[];
  readonly clients: string;
  /** What the ruler counts. */
  readonly ruler?: string;
}

/** In two words each: `leader 5`, `killed`. */
export function gutterWords(nodes: readonly NodeState[], clients: number): GutterWords {
  return {
    nodes: nodes.map(({ id, status, role, term }) => ({
      id,
      words: status === 'running' ? `${role} ${term}` : status,
      down: status !== 'running' && status !== 'absent' && status !== 'starting',
    })),
    clients: clients > 0 ? `${clients} writing` : 'acknowledged',
  };
}

/** Returns how many labels it wrote. */
export function drawGutter(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  words: GutterWords,
  palette: Palette,
): number {
  context.textBaseline = 'middle';
  let drawn = 0;
  const write = (text: string, y: number, font: string, ink: string, x = INSET_PX): void => {
    context.font = font;
    context.fillStyle = ink;
    context.fillText(text, x, y);
    drawn++;
  };
  if (words.ruler) write(words.ruler, 14, palette.sans(12), palette.t3);
  write('elections', layout.electionsPx + SPAN_BAR_PX / 2, palette.sans(12), palette.t3);
  write('faults', layout.faultsPx + SPAN_ROW_PX / 2 - 2, palette.sans(12), palette.t3);
  const known = new Map(words.nodes.map((node) => [node.id, node]));
  for (const lane of layout.lanes) {
    const node = known.get(lane.node);
    write(lane.node, lane.centerPx - 8, palette.sans(14, 600), palette.t1);
    if (node) write(node.words, lane.centerPx + 9, palette.mono(12), node.down ? palette.fault : palette.t3);
    if (lane.pitchPx < 62) continue;
    context.textAlign = 'right';
    write('commit', lane.stripPx, palette.mono(12), palette.t3, layout.gutterPx - 8);
    context.textAlign = 'left';
  }
  const middle = layout.clients.topPx + layout.clients.heightPx / 2;
  write('clients', middle - 8, palette.sans(13, 600), palette.t1);
  write(words.clients, middle + 9, palette.mono(12), palette.t3);
  return drawn;
}
