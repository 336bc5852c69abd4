/** The left column: which row is what. */
import type { NodeState } from '../../../src-main/api/index.ts';
import type { TimelineLayout } from './layout.ts';
import { SPAN_BAR_PX, SPAN_ROW_PX } from './layout.ts';
import type { Palette } from './palette.ts';

const INSET_PX = 16;

/** What a node is at the cursor, in two words: `leader 5`, `killed`. */
export function nodeWords(node: NodeState): string {
  return node.status === 'running' ? `${node.role} ${node.term}` : node.status;
}

export function drawGutter(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  nodes: readonly NodeState[],
  clients: number,
  palette: Palette,
): void {
  context.textBaseline = 'middle';
  const write = (text: string, y: number, font: string, ink: string, x = INSET_PX): void => {
    context.font = font;
    context.fillStyle = ink;
    context.fillText(text, x, y);
  };
  write('elections', layout.electionsPx + SPAN_BAR_PX / 2, palette.sans(12), palette.t3);
  write('faults', layout.faultsPx + SPAN_ROW_PX / 2 - 2, palette.sans(12), palette.t3);
  const states = new Map(nodes.map((node) => [node.id, node]));
  for (const lane of layout.lanes) {
    const state = states.get(lane.node);
    write(lane.node, lane.centerPx - 8, palette.sans(14, 600), palette.t1);
    const down = state && !['running', 'absent', 'starting'].includes(state.status);
    if (state)
      write(nodeWords(state), lane.centerPx + 9, palette.mono(12), down ? palette.fault : palette.t3);
    if (lane.pitchPx < 62) continue;
    context.textAlign = 'right';
    write('commit', lane.stripPx, palette.mono(12), palette.t3, layout.gutterPx - 8);
    context.textAlign = 'left';
  }
  const middle = layout.clients.topPx + layout.clients.heightPx / 2;
  write('clients', middle - 8, palette.sans(13, 600), palette.t1);
  write(clients > 0 ? `${clients} writing` : 'acknowledged', middle + 9, palette.mono(12), palette.t3);
}
