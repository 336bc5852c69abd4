/** What each frame drew and how long that took, for whoever drives the window to measure it. */
export interface DrawnFrame {
  /** `performance.now()` when the painting began. */
  readonly atMs: number;
  /** How long the painting's script took. */
  readonly drawMs: number;
  readonly lanes: number;
  readonly primitives: number;
  /** What it showed, and whether that was loaded for this view at this zoom. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly isRight: boolean;
}

declare global {
  interface Window {
    /** A driver puts an array here and takes it away; without one nothing is kept. */
    timelineFrames?: DrawnFrame[];
  }
}

/** Whether anybody wants to know. */
export function isWatched(): boolean {
  return window.timelineFrames !== undefined;
}

export function logFrame(frame: DrawnFrame): void {
  window.timelineFrames?.push(frame);
}
