/** One description of behaviour, tested in every real window that this machine can open. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { launch, obstacleTo, type LabWindow, type LaunchOptions, type WindowKind } from './launch.ts';

/** Opens a window that is closed, and asked for complaints, when the test ends. */
export type Open = (options?: LaunchOptions) => Promise<LabWindow>;

const kinds: readonly WindowKind[] = ['desktop', 'browser'];

/** `body` describes the behaviour with `it(…)`; it holds for the desktop and for the browser. */
export function inEveryWindow(title: string, body: (open: Open, kind: WindowKind) => void): void {
  for (const kind of kinds) inWindow(kind, title, body);
}

/** The same for one kind of window, where the behaviour is only its own. */
export function inWindow(
  kind: WindowKind,
  title: string,
  body: (open: Open, kind: WindowKind) => void,
): void {
  describe(`${title} (${kind})`, () => {
    const opened: LabWindow[] = [];
    beforeEach((context) => {
      const obstacle = obstacleTo(kind);
      if (obstacle) context.skip(obstacle);
    });
    afterEach(async () => {
      const windows = opened.splice(0);
      const complaints: string[] = [];
      for (const window of windows) {
        complaints.push(...(await window.problems.all()));
        await window.close();
      }
      expect(complaints, 'a window complained').toEqual([]);
    });
    body(async (options) => {
      const window = await launch(kind, options);
      opened.push(window);
      return window;
    }, kind);
  });
}

/** axe finds nothing serious in the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  // Legacy mode works in the page itself: Electron opens no second page to collect in.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(
    serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`),
    'axe found something serious',
  ).toEqual([]);
}

const results = path.resolve(import.meta.dirname, '../../.results/screenshots');

/** A live view never stands still, so its picture is taken all the same after so many looks. */
const LOOKS_MAX = 3;

/**
 * Keeps a picture of the page as `test/.results/screenshots/<name>-<kind>.png`, for people to look at. It is taken once two
 * pictures in a row are the same: answers still under way and a change of theme or size take a few frames to show.
 */
export async function shoot(window: LabWindow, name: string): Promise<void> {
  mkdirSync(results, { recursive: true });
  let before = await nextPicture(window);
  for (let look = 1; look < LOOKS_MAX; look++) {
    const picture = await nextPicture(window);
    if (picture.equals(before)) break;
    before = picture;
  }
  writeFileSync(path.join(results, `${name}-${window.kind}.png`), before);
}

async function nextPicture(window: LabWindow): Promise<Buffer> {
  await window.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const frames = (left: number) =>
          left === 0 ? resolve() : requestAnimationFrame(() => frames(left - 1));
        frames(3);
      }),
  );
  return window.screenshot();
}
