/** What gestures on the plot do: to the view, to the cursor and to what is selected. */
import { endOf } from './arrows.ts';
import type { Hit } from './hit.ts';
import { hitTest } from './hit.ts';
import type { TimelinePicture } from './paint.ts';
import type { PlotGestures } from './pointer.ts';
import type { TimelineScope } from './scope.ts';
import { electionEndNs } from './spans.ts';
import { spanOf } from './viewport.ts';

const ZOOM_IN = 0.25;

/** `picture`: what is on the screen at the moment of the gesture. */
export function gesturesOn(scope: TimelineScope, picture: () => TimelinePicture): PlotGestures {
  const { run, cursor, selection, timeline } = scope;

  /** Shows what stands between two points; `factor` times as much around a point keeps that point in its place. */
  function lookBetween(fromX: number, toX: number): void {
    const { axis } = picture();
    timeline.look({ fromNs: axis.timeAt(fromX), toNs: axis.timeAt(toX) });
  }
  function zoomAround(x: number, factor: number): void {
    const { widthPx } = picture().axis;
    lookBetween(x - x * factor, x + (widthPx - x) * factor);
  }
  function panBy(deltaX: number): void {
    const { widthPx } = picture().axis;
    lookBetween(deltaX, widthPx + deltaX);
  }

  return {
    click(x, y) {
      const hit = hitTest(picture(), x, y);
      cursor.pause();
      cursor.seek(hit ? momentOf(hit, x, picture()) : picture().axis.timeAt(x));
      if (hit?.kind === 'clients') void chooseOperation(hit.atNs);
      else if (hit) choose(hit);
      else selection.clear();
    },
    doubleClick(x, y) {
      const hit = hitTest(picture(), x, y);
      const stretch = hit && stretchOf(hit, run.endNs);
      if (stretch) timeline.show(stretch.fromNs, stretch.toNs, stretch.margin);
      else zoomAround(x, ZOOM_IN);
    },
    drag: (deltaX) => panBy(-deltaX),
    stretch(fromX, toX) {
      const { axis } = picture();
      const [left, right] = [axis.timeAt(Math.min(fromX, toX)), axis.timeAt(Math.max(fromX, toX))];
      timeline.show(left, right, 0);
    },
    wheelZoom: zoomAround,
    wheelPan: panBy,
  };

  /** In the clients' row: the operation that was under way at a moment; of several the one that was called last, of none the next. */
  async function chooseOperation(atNs: number): Promise<void> {
    const fromNs = Math.floor(Math.max(atNs, 0));
    const reach = Math.ceil(spanOf(timeline.view) / 50);
    const answer = await run
      .query('operations', { fromNs, toNs: fromNs + reach, limit: 200 })
      .catch(() => null);
    const found = answer?.operations ?? [];
    const operation = found.findLast(({ invokedNs }) => invokedNs <= fromNs) ?? found[0];
    if (operation) selection.select('operation', operation.id);
    else selection.clear();
  }

  function choose(hit: Hit): void {
    if (hit.kind === 'message') selection.select('message', hit.message.id);
    else if (hit.kind === 'election') selection.select('election', String(hit.election.number));
    else if (hit.kind === 'fault') selection.select('fault', hit.fault.id);
    else if (hit.kind === 'mark') selection.select('event', hit.placed.mark.id);
    else if (hit.kind === 'finding' && hit.finding.event !== null)
      selection.select('event', hit.finding.event);
    else if (hit.kind === 'operation') selection.select('operation', hit.operation.id);
    else if (hit.kind === 'segment') selection.select('node', hit.segment.node);
  }
}

/** Where the cursor goes when a thing is pressed at `x`. */
function momentOf(hit: Hit, x: number, { axis }: TimelinePicture): number {
  switch (hit.kind) {
    case 'message': {
      // Near its head an arrow means its arrival, near its tail its sending.
      const { arrow, message } = hit;
      const endNs = endOf(message);
      return endNs !== null && Math.abs(x - arrow.x2) <= Math.abs(x - arrow.x1) ? endNs : message.sentNs;
    }
    case 'mark':
      return hit.placed.mark.atNs;
    case 'finding':
      return hit.finding.atNs;
    case 'segment':
      return axis.timeAt(x, hit.segment.node);
    default:
      return axis.timeAt(x);
  }
}

/** The stretch that a thing lasted, to be shown with a share of it on either side; undefined for what has none. */
function stretchOf(hit: Hit, endNs: number): { fromNs: number; toNs: number; margin: number } | undefined {
  switch (hit.kind) {
    case 'message':
      return {
        fromNs: hit.message.sentNs,
        toNs: endOf(hit.message) ?? hit.message.sentNs + 1_000,
        margin: 1,
      };
    case 'election':
      return { fromNs: hit.election.startedNs, toNs: electionEndNs(hit.election), margin: 0.3 };
    case 'fault':
      return { fromNs: hit.fault.fromNs, toNs: hit.fault.toNs ?? endNs, margin: 0.3 };
    case 'segment':
      return { fromNs: hit.segment.fromNs, toNs: hit.segment.toNs ?? endNs, margin: 0.1 };
    case 'operation':
      return { fromNs: hit.operation.invokedNs, toNs: hit.operation.completedNs ?? endNs, margin: 0.5 };
    case 'mark':
    case 'finding':
    case 'clients':
    case 'ruler':
      return undefined;
  }
}
