/** What a timeline holds of a trace: three viewports, one each side, so that a pan has something to show before the answer comes. */
import type { MessageRow } from '../../../src-main/api/index.ts';
import type { Viewport } from './viewport.ts';
import { spanOf } from './viewport.ts';

/** Integer windows to ask for; all within the recording. `null` where there is nothing on that side. */
export interface WantedWindows {
  readonly center: Viewport;
  readonly left: Viewport | null;
  readonly right: Viewport | null;
  /** All three together. */
  readonly whole: Viewport;
}

export function wantedWindows(view: Viewport, edgeNs: number): WantedWindows {
  const edge = Math.max(Math.ceil(edgeNs) + 1, 2);
  const fromNs = Math.min(Math.max(Math.floor(view.fromNs), 0), edge - 1);
  const toNs = Math.min(Math.max(Math.ceil(view.toNs), fromNs + 1), edge);
  const span = Math.ceil(spanOf(view));
  const leftNs = Math.max(fromNs - span, 0);
  const rightNs = Math.min(toNs + span, edge);
  return {
    center: { fromNs, toNs },
    left: leftNs < fromNs ? { fromNs: leftNs, toNs: fromNs } : null,
    right: rightNs > toNs ? { fromNs: toNs, toNs: rightNs } : null,
    whole: { fromNs: leftNs, toNs: rightNs },
  };
}

/** What was last loaded: for which view, and up to which end of the recording. */
export interface LoadedFor {
  readonly view: Viewport;
  readonly edgeNs: number;
}

/**
 * Whether the view has moved or zoomed so far from what was loaded that another look at the trace is due. Details depend on zoom, so any
 * real change of width counts; a pan counts from a quarter of the width; the live edge counts where the view touches it.
 */
export function isStale(loaded: LoadedFor | null, view: Viewport, edgeNs: number): boolean {
  if (!loaded) return true;
  const span = spanOf(view);
  const zoom = span / spanOf(loaded.view);
  if (zoom > 1.1 || zoom < 0.9) return true;
  if (Math.abs(view.fromNs - loaded.view.fromNs) > span * 0.25) return true;
  return edgeNs > loaded.edgeNs && view.toNs > loaded.edgeNs;
}

/** Joins answers for neighbouring windows: a message that touches two of them counts once. */
export function joinMessages(parts: readonly (readonly MessageRow[])[]): MessageRow[] {
  const rows: MessageRow[] = [];
  const seen = new Set<string>();
  for (const part of parts) {
    for (const row of part) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      rows.push(row);
    }
  }
  return rows;
}

/** How many messages a drawing of this width can tell apart. */
export function messageLimit(plotPx: number): number {
  return Math.min(Math.max(Math.round(plotPx * 0.6), 200), 1_500);
}

/** `showing 400 of 12,031 messages; zoom in for all`, or null where all are shown. */
export function shownText(shown: number, total: number, group: (count: number) => string): string | null {
  if (shown >= total) return null;
  return `showing ${group(shown)} of ${group(total)} messages; zoom in for all`;
}
