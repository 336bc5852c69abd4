/** The drawing of the Timeline in the real desktop window: one window over one trace for all that can be seen in a saved run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DrawnFrame } from '../../src-renderer/canvas/timeline/frame-log.ts';
import { formatMoment } from '../../src-renderer/canvas/timeline/time.ts';
import { expectAccessible, inWindow, shoot } from './harness/every-window.ts';
import { launchDesktop, obstacleTo, type LabWindow } from './harness/launch.ts';

const root = path.resolve(import.meta.dirname, '../..');
const WAIT_MS = 30_000;
/** Left of the plot. */
const GUTTER_PX = 124;

const timelineOf = (page: Page): Locator => page.getByRole('img', { name: /^Timeline/ });

async function openTimeline(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Timeline', exact: true }).first().click();
  await timelineOf(page).waitFor({ timeout: WAIT_MS });
}

/** What the next painting shows, once it shows the right things. */
async function nextRight(page: Page, act: () => Promise<unknown>): Promise<DrawnFrame> {
  await page.evaluate(() => {
    window.timelineFrames = [];
  });
  await act();
  const found = await page.waitForFunction(
    () => window.timelineFrames?.findLast(({ isRight }) => isRight),
    undefined,
    {
      timeout: WAIT_MS,
    },
  );
  // The picture stands still once two looks in a row find the same last frame.
  let last = (await found.jsonValue()) as DrawnFrame;
  await expect
    .poll(
      async () => {
        const before = last.atMs;
        last = (await page.evaluate(() => window.timelineFrames?.at(-1))) ?? last;
        return last.atMs === before && last.isRight;
      },
      { timeout: WAIT_MS, interval: 150 },
    )
    .toBe(true);
  return last;
}

const spanOf = ({ fromNs, toNs }: DrawnFrame): number => toNs - fromNs;

describe('the Timeline of a saved run (desktop)', () => {
  let folder: string;
  let lab: LabWindow;
  let page: Page;

  beforeAll(async () => {
    if (obstacleTo('desktop')) return;
    folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-timeline-'));
    const trace = path.join(folder, 'crash.qlab');
    const cli = path.join(root, 'src-main/cli/main.ts');
    execFileSync(process.execPath, [cli, 'run', 'leader-crash', '--trace', trace, '--seed', '3', '--json'], {
      cwd: root,
      stdio: 'pipe',
    });
    lab = await launchDesktop({ open: [trace] });
    page = lab.page;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await openTimeline(page);
  }, 120_000);
  afterAll(async () => {
    if (obstacleTo('desktop')) return;
    const complaints = await lab.problems.all();
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
    expect(complaints, 'the window complained').toEqual([]);
  });
  beforeEach((context) => {
    const obstacle = obstacleTo('desktop');
    if (obstacle) context.skip(obstacle);
  });

  /** Frames the run's last election, where there is something of everything, and goes to its beginning. */
  const frameElection = (): Promise<DrawnFrame> =>
    nextRight(page, async () => {
      await page.keyboard.press('0');
      await page.keyboard.press('End');
      await page.keyboard.press('Shift+E');
      await page
        .getByRole('heading', { name: /term \d/ })
        .first()
        .waitFor({ timeout: WAIT_MS });
      await page.keyboard.press('Z');
      await page.waitForFunction(
        () => {
          const last = window.timelineFrames?.at(-1);
          return last !== undefined && last.toNs - last.fromNs < 2e9;
        },
        undefined,
        { timeout: WAIT_MS },
      );
    });

  async function plotPoint(share: number, y: number): Promise<{ x: number; y: number }> {
    const box = await timelineOf(page).boundingBox();
    if (!box) throw new Error('the timeline has no place');
    return { x: box.x + GUTTER_PX + (box.width - GUTTER_PX) * share, y: box.y + y };
  }

  it('draws a lane for every node, and the whole run as density rather than as a sample', async () => {
    const frame = await nextRight(page, async () => {
      await page.keyboard.press('+');
      await page.keyboard.press('0');
    });
    expect(frame.fromNs).toBe(0);
    expect(frame.lanes).toBe(5);
    expect(frame.primitives).toBeGreaterThan(500);
    await expect.poll(() => timelineOf(page).getAttribute('aria-description')).toMatch(/entries as density/);
    await page.getByText(/messages with entries drawn as density; zoom in for each/).waitFor();
    await shoot(lab, 'timeline-whole');
  });

  it('shows messages one by one from close by, with an arrow or a cross at their end, and what they mean under the pointer', async () => {
    await frameElection();
    await expect
      .poll(() => timelineOf(page).getAttribute('aria-description'))
      .toMatch(/^[1-9]\d* messages one by one/);
    await shoot(lab, 'timeline-election');
    await page.keyboard.press('Shift+ArrowRight');
    await page
      .getByText(/^(delivered|arrived|dropped|lost|under way)$/i)
      .first()
      .waitFor({ timeout: WAIT_MS });
  });

  it('lays out by time or by cause and effect, with one toggle and one key', async () => {
    await frameElection();
    await page.getByRole('radio', { name: 'Causal' }).click();
    await expect.poll(() => timelineOf(page).getAttribute('aria-label')).toMatch(/^Timeline in causal order/);
    await expectAccessible(page);
    await shoot(lab, 'timeline-causal');
    await page.emulateMedia({ colorScheme: 'light' });
    await shoot(lab, 'timeline-causal-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await timelineOf(page).focus();
    await page.keyboard.press('M');
    await expect.poll(() => timelineOf(page).getAttribute('aria-label')).toMatch(/^Timeline from/);
  });

  it('reads its ruler since the start, since a moment and as a clock on the wall', async () => {
    const from = async (): Promise<string> =>
      /from (\S+(?: \S+)?) to/.exec((await timelineOf(page).getAttribute('aria-label')) ?? '')?.[1] ?? '';
    await expect.poll(from).toMatch(/^\d+\.\d+ s$/);
    await page.keyboard.press('S');
    await expect.poll(from).toMatch(/^[+−]\d+(\.\d+)? (s|ms|µs|ns)$/);
    await shoot(lab, 'timeline-relative');
    await page.keyboard.press('S');
    await expect.poll(from).toMatch(/^\d\d:\d\d:\d\d\.\d+$/);
    await page.getByRole('radio', { name: 'Run', exact: true }).click();
    await expect.poll(from).toMatch(/^\d+\.\d+ s$/);
  });

  it('zooms with the wheel at the pointer, by keys, by dragging in the ruler and by pressing twice', async () => {
    await timelineOf(page).focus();
    const start = await frameElection();
    const at = await plotPoint(0.25, 300);
    await page.mouse.move(at.x, at.y);
    const wheeled = await nextRight(page, () => page.mouse.wheel(0, -300));
    expect(spanOf(wheeled)).toBeLessThan(spanOf(start) * 0.6);
    const under = (frame: DrawnFrame): number => frame.fromNs + spanOf(frame) * 0.25;
    expect(Math.abs(under(wheeled) - under(start))).toBeLessThan(spanOf(wheeled) * 0.01);
    const keyed = await nextRight(page, () => page.keyboard.press('-'));
    expect(spanOf(keyed) / spanOf(wheeled)).toBeCloseTo(1 / 0.6, 1);
    const left = await plotPoint(0.4, 12);
    const right = await plotPoint(0.6, 12);
    const dragged = await nextRight(page, async () => {
      await page.mouse.move(left.x, left.y);
      await page.mouse.down();
      await page.mouse.move(right.x, right.y, { steps: 4 });
      await page.mouse.up();
    });
    expect(spanOf(dragged) / spanOf(keyed)).toBeCloseTo(0.2, 1);
    const ground = await plotPoint(0.5, 12);
    const pressed = await nextRight(page, () => page.mouse.dblclick(ground.x, ground.y));
    expect(spanOf(pressed) / spanOf(dragged)).toBeCloseTo(0.25, 1);
  });

  it('moves under the hand that drags it, and sideways with the wheel', async () => {
    const before = await frameElection();
    const from = await plotPoint(0.6, 300);
    const panned = await nextRight(page, async () => {
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(from.x - 150, from.y, { steps: 5 });
      await page.mouse.up();
    });
    expect(spanOf(panned)).toBeCloseTo(spanOf(before), -3);
    expect(panned.fromNs).toBeGreaterThan(before.fromNs);
    const wheeled = await nextRight(page, () => page.mouse.wheel(-150, 0));
    expect(wheeled.fromNs).toBeLessThan(panned.fromNs);
  });

  it('goes down to a microsecond, labelled to the nanosecond, and back to the whole run', async () => {
    const closest = await nextRight(page, async () => {
      for (let step = 0; step < 40; step++) await page.keyboard.press('+');
    });
    expect(spanOf(closest)).toBeLessThan(1_001);
    await expect.poll(() => timelineOf(page).getAttribute('aria-label')).toMatch(/from \d+\.\d{9} s to/);
    await shoot(lab, 'timeline-microsecond');
    const whole = await nextRight(page, () => page.keyboard.press('0'));
    expect(whole.fromNs).toBe(0);
    expect(spanOf(whole)).toBeGreaterThan(5e9);
  });

  it('tells the same as a table, in every layout', async () => {
    await frameElection();
    await page.keyboard.press('T');
    await page.getByRole('grid', { name: /events of the shown stretch/ }).waitFor({ timeout: WAIT_MS });
    await page
      .getByRole('row', { name: /is elected|leader/ })
      .first()
      .waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('T');
    await timelineOf(page).waitFor();
  });
});

inWindow('desktop', 'the Timeline of a live run', (open) => {
  it('follows the end until the user looks elsewhere, then stands still, and End returns', async () => {
    const live = await open();
    const { page } = live;
    await page.getByRole('button', { name: 'Start a 5-node workshop cluster' }).click();
    await page.getByText('LIVE', { exact: true }).waitFor({ timeout: WAIT_MS });
    await openTimeline(page);
    const lastTo = () =>
      page.evaluate(() => {
        window.timelineFrames ??= [];
        return window.timelineFrames.at(-1)?.toNs ?? 0;
      });
    const first = await lastTo();
    await shoot(live, 'timeline-live');
    await expect.poll(lastTo, { timeout: WAIT_MS }).toBeGreaterThan(first);
    // Closer first: a run that has just begun cannot be looked at earlier.
    await page.keyboard.press('+');
    const stood = await nextRight(page, () => page.keyboard.press('A'));
    const edge = () => page.evaluate(() => window.timelineFrames?.length ?? 0);
    await page.evaluate(() => (window.timelineFrames = []));
    // The recording goes on: the strip of the whole run grows, the view does not move.
    const cursor = page.getByRole('slider', { name: 'Part of the run that is shown' });
    const place = `${formatMoment(stood.fromNs, 3)} to ${formatMoment(stood.toNs, 3)}`;
    await expect.poll(() => cursor.getAttribute('aria-valuetext')).toBe(place);
    const share = Number(await cursor.getAttribute('aria-valuenow'));
    await expect
      .poll(async () => Number(await cursor.getAttribute('aria-valuenow')), { timeout: WAIT_MS })
      .toBeLessThan(share);
    expect(await cursor.getAttribute('aria-valuetext')).toBe(place);
    const moved = await page.evaluate(() => window.timelineFrames?.map(({ fromNs }) => fromNs) ?? []);
    expect(new Set(moved).size, `${await edge()} frames`).toBeLessThanOrEqual(1);
    await page.keyboard.press('End');
    await expect.poll(lastTo, { timeout: WAIT_MS }).toBeGreaterThan(stood.toNs);
  });
});
