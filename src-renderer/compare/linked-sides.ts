/** Keeps two timelines and two cursors at the same distance from the moments that their runs are aligned at. */
import { onScopeDispose, watch } from 'vue';
import type { Viewport } from '../canvas/timeline/viewport.ts';

export type Side = 'a' | 'b';

/** The stores of one side, as far as they are linked. */
export interface LinkedSide {
  readonly timeline: { view: Viewport; follow: string };
  readonly cursor: { readonly atNs: number; seek(ns: number): void };
}

export interface Link {
  /** Where the runs stand, and which side leads: the other goes along with it, even beyond its own ends. */
  now(): { active: Side; alignNs: { a: number; b: number } };
}

/** Called in a component's setup, once both runs are there. */
export function linkSides(sides: Record<Side, LinkedSide>, { now }: Link): void {
  let moving = false;
  const quietly = (move: () => void): void => {
    if (moving) return;
    moving = true;
    try {
      move();
    } finally {
      moving = false;
    }
  };
  /** From the leading side to the other. */
  function carry(view: boolean, cursor: boolean): void {
    quietly(() => {
      const { active, alignNs } = now();
      const other: Side = active === 'a' ? 'b' : 'a';
      const shift = alignNs[other] - alignNs[active];
      const [from, to] = [sides[active], sides[other]];
      if (view) {
        const { fromNs, toNs } = from.timeline.view;
        to.timeline.follow = 'none';
        to.timeline.view = { fromNs: fromNs + shift, toNs: toNs + shift };
      }
      if (cursor) to.cursor.seek(from.cursor.atNs + shift);
    });
  }
  const stops = [
    watch(
      () => [sides.a.timeline.view, sides.b.timeline.view],
      () => carry(true, false),
      { flush: 'sync' },
    ),
    watch(
      () => sides[now().active].cursor.atNs,
      () => carry(false, true),
      { flush: 'sync' },
    ),
    watch(
      () => now().alignNs,
      () => carry(true, true),
      { flush: 'sync' },
    ),
  ];
  carry(true, true);
  onScopeDispose(() => {
    for (const stop of stops) stop();
  });
}
