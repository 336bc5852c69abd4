/** Moves the Timeline in every frame, as a hand would, and notes what each frame drew and cost. */
import type { Page } from 'playwright';
import type { DrawnFrame } from '../../src-renderer/canvas/timeline/frame-log.ts';

export type Gesture = 'pan' | 'zoom' | 'playback';

export interface Recorded {
  /** What the drawing says of itself, one a painting. */
  readonly frames: readonly DrawnFrame[];
  /** From one frame of the page to the next. */
  readonly intervalsMs: readonly number[];
  /** From the beginning of a frame until the page has nothing left to do for it: script, layout, drawing. */
  readonly workMs: readonly number[];
  /** When the view was moved, on the page's clock. */
  readonly inputsMs: readonly number[];
}

const STAGE = '[role=img][aria-label^="Timeline"]';

export async function driveFrames(page: Page, gesture: Gesture, frames: number): Promise<Recorded> {
  // A button that has the focus would take Space for itself.
  await page.locator(STAGE).focus();
  await page.keyboard.press('0');
  if (gesture === 'playback') await startPlayback(page);
  const recorded = await page.evaluate(drive, { gesture, frames, stage: STAGE });
  if (gesture === 'playback') await page.keyboard.press('Space');
  return recorded;
}

/** Plays as it happened, from the start, in a view of a few seconds that moves along with the cursor. */
async function startPlayback(page: Page): Promise<void> {
  await page.keyboard.press('Home');
  for (let step = 0; step < 4; step++) await page.keyboard.press('+');
  await page.keyboard.press('Space');
  await page.evaluate(async () => {
    window.timelineFrames = [];
    // The view begins to move once the cursor has come far enough.
    while ((window.timelineFrames ?? []).length < 90) await new Promise((resolve) => setTimeout(resolve, 50));
    delete window.timelineFrames;
  });
}

/** Runs in the page. */
async function drive(given: { gesture: Gesture; frames: number; stage: string }): Promise<Recorded> {
  const stage = document.querySelector(given.stage);
  if (!stage) throw new Error('there is no timeline');
  const box = stage.getBoundingClientRect();
  const move = (deltaX: number, deltaY: number): void => {
    stage.dispatchEvent(
      new WheelEvent('wheel', {
        deltaX,
        deltaY,
        clientX: box.left + box.width * 0.6,
        clientY: box.top + box.height * 0.5,
        bubbles: true,
        cancelable: true,
      }),
    );
  };
  const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
  if (given.gesture === 'pan') {
    for (let step = 0; step < 40; step++) {
      await nextFrame();
      move(0, -40);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const intervalsMs: number[] = [];
  const workMs: number[] = [];
  const inputsMs: number[] = [];
  const drawn: NonNullable<typeof window.timelineFrames> = [];
  window.timelineFrames = drawn;
  const channel = new MessageChannel();
  let beganMs = 0;
  channel.port1.onmessage = () => workMs.push(performance.now() - beganMs);
  let lastMs = await nextFrame();
  for (let frame = 0; drawn.length < given.frames + 5 && frame < given.frames * 3; frame++) {
    const atMs = await nextFrame();
    beganMs = performance.now();
    intervalsMs.push(atMs - lastMs);
    lastMs = atMs;
    channel.port2.postMessage(null);
    inputsMs.push(performance.now());
    const phase = frame % 240;
    if (given.gesture === 'pan') move(phase < 120 ? 9 : -9, 0);
    else if (given.gesture === 'zoom') move(0, phase < 120 ? -9 : 9);
  }
  delete window.timelineFrames;
  // What the last inputs asked for may still come; they are not waited for.
  return { frames: drawn, intervalsMs, workMs, inputsMs: inputsMs.slice(0, -30) };
}
