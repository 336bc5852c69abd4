/** Where the window was, kept between starts in a file of the data root. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const shape = z.object({
  format: z.literal('quorum-lab-window'),
  version: z.literal(1),
  bounds: z.object({
    x: z.int(),
    y: z.int(),
    width: z.int().min(640).max(16_384),
    height: z.int().min(400).max(16_384),
  }),
  maximized: z.boolean(),
  /** Colour of the page's lowest surface, so that a window opening or resizing does not flash. */
  background: z.string().regex(/^#[0-9a-f]{6}$/),
});

export type WindowState = z.infer<typeof shape>;
export type Rectangle = WindowState['bounds'];

/** Undefined where there is none, or none that this version can read: then the window opens as on the first day. */
export function readWindowState(file: string): WindowState | undefined {
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeWindowState(file: string, state: Omit<WindowState, 'format' | 'version'>): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const whole: WindowState = { format: 'quorum-lab-window', version: 1, ...state };
  writeFileSync(`${file}.new`, JSON.stringify(whole));
  renameSync(`${file}.new`, file);
}

/** Whether a person could still get hold of a window there: a display may have gone since. */
export function isReachable(bounds: Rectangle, displays: readonly Rectangle[]): boolean {
  const GRIP_PX = 80;
  return displays.some(
    (display) =>
      bounds.x + bounds.width >= display.x + GRIP_PX &&
      bounds.x <= display.x + display.width - GRIP_PX &&
      bounds.y >= display.y &&
      bounds.y <= display.y + display.height - GRIP_PX,
  );
}

/** `rgb(15, 19, 24)`, as a page computes its colours, to `#0f1318`; undefined for anything else. */
export function hexColour(computed: unknown): string | undefined {
  if (typeof computed !== 'string') return undefined;
  const match = /^rgb\((\d{1,3}), (\d{1,3}), (\d{1,3})\)$/.exec(computed);
  if (!match) return undefined;
  return `#${match
    .slice(1)
    .map((part) => Math.min(255, Number(part)).toString(16).padStart(2, '0'))
    .join('')}`;
}
