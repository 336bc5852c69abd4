/**
 * Whose timeline it is. The Timeline view shows the window's own run; a view with two timelines gives each of them a run, a cursor and a
 * viewport of its own by providing a scope around it.
 */
import { inject, provide } from 'vue';
import type { InjectionKey } from 'vue';
import type {
  NodeId,
  NodeState,
  QueryAnswer,
  QueryName,
  QueryParams,
  TimelineFilter,
} from '../../../src-main/api/index.ts';
import { useClusterState } from '../../stores/clusterState.ts';
import { useCursorStore } from '../../stores/cursor.ts';
import type { Followed } from '../../stores/followed-story.ts';
import { useFollowingStore } from '../../stores/following.ts';
import { useRunStore } from '../../stores/run.ts';
import type { SelectedItem, SelectionKind } from '../../stores/selection.ts';
import { useSelectionStore } from '../../stores/selection.ts';
import { useTimelineFilterStore } from '../../stores/timeline-filter.ts';
import type { Arrangement } from './axis.ts';
import type { RulerMode } from './ruler.ts';
import { useTimelineStore } from './timeline-store.ts';
import type { FollowMode, ViewedCursor, ViewedRun } from './viewpoint.ts';
import type { Viewport } from './viewport.ts';

export interface ScopedRun extends ViewedRun {
  readonly nodes: readonly NodeId[];
  /** ISO 8601 wall clock of the run's start; null while the run is not known. */
  readonly startedAt: string | null;
  query<Q extends QueryName>(name: Q, params: QueryParams<Q>): Promise<QueryAnswer<Q>>;
}

export interface ScopedCursor extends ViewedCursor {
  seek(atNs: number): void;
  pause(): void;
}

export interface ScopedSelection {
  readonly item: SelectedItem | null;
  select(kind: SelectionKind, id: string): void;
  clear(): void;
}

/** A `Viewpoint` as a reactive object (`reactive(createViewpoint(…))`), with how it is to be drawn. */
export interface ScopedTimeline {
  view: Viewport;
  readonly follow: FollowMode;
  readonly heartbeats: boolean;
  readonly arrangement: Arrangement;
  readonly rulerMode: RulerMode;
  readonly originNs: number | null;
  viewAt(edgeNs: number): Viewport;
  look(next: Viewport): void;
  zoom(factor: number, aroundNs?: number): void;
  pan(share: number): void;
  show(fromNs: number, toNs: number, margin?: number): void;
}

/** Every member is reactive: a store, or what `reactive` made. */
export interface TimelineScope {
  readonly run: ScopedRun;
  readonly cursor: ScopedCursor;
  readonly selection: ScopedSelection;
  readonly timeline: ScopedTimeline;
  /** The nodes as they are at the cursor, and how many clients are at work. */
  readonly moment: { readonly nodes: readonly NodeState[]; readonly clients: number };
  readonly following: { readonly followed: Followed | null };
  readonly filter: { readonly filter: TimelineFilter; readonly active: boolean };
}

const SCOPE: InjectionKey<TimelineScope> = Symbol('timeline scope');

export function provideTimelineScope(scope: TimelineScope): void {
  provide(SCOPE, scope);
}

/** The scope that a component above has provided, else the window's own run. */
export function useTimelineScope(): TimelineScope {
  return inject(SCOPE, windowScope, true);
}

function windowScope(): TimelineScope {
  const run = useRunStore();
  const clusterState = useClusterState();
  return {
    run: {
      get runId() {
        return run.runId;
      },
      get endNs() {
        return run.endNs;
      },
      get live() {
        return run.live;
      },
      get nodes() {
        return run.nodes;
      },
      get startedAt() {
        return run.info?.startedAt ?? null;
      },
      query: run.query,
    },
    cursor: useCursorStore(),
    selection: useSelectionStore(),
    timeline: useTimelineStore(),
    moment: {
      get nodes() {
        return clusterState.nodes;
      },
      get clients() {
        return clusterState.state?.clients ?? 0;
      },
    },
    following: useFollowingStore(),
    filter: useTimelineFilterStore(),
  };
}
