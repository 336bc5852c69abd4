/**
 * Whether the Timeline stutters over a trace of a million events: pan, zoom and playback in the real window, frame by frame.
 *
 * `lab bench trace` makes the trace; QUORUM_LAB_BENCH_TRACE names one that is there already.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { expect, it, onTestFinished } from 'vitest';
import { launchDesktop, obstacleTo } from '../e2e/harness/launch.ts';
import { driveFrames, type Gesture, type Recorded } from './frames.ts';

const root = path.resolve(import.meta.dirname, '../..');
const EVENTS = 1_000_000;
const FRAMES_MIN = 600;
const PRIMITIVES_MIN = 1_500;
const WAIT_MS = 60_000;

/** What is asked of each gesture. */
const LIMITS = { smoothShareMin: 0.98, smoothMs: 20, longestMs: 100, workMsP95: 8, tilesMsP95: 150 };

function traceFile(): string {
  const given = process.env['QUORUM_LAB_BENCH_TRACE'];
  if (given) return given;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-frames-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'long.qlab');
  const cli = path.join(root, 'src-main/cli/main.ts');
  execFileSync(
    process.execPath,
    [cli, 'bench', 'trace', '--events', String(EVENTS), '--keep', file, '--json'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  return file;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? 0;
}

interface Figures {
  readonly gesture: Gesture;
  readonly frames: number;
  readonly smoothShare: number;
  readonly longestMs: number;
  readonly workMsP95: number;
  readonly drawMsP95: number;
  readonly tilesMsP95: number;
  readonly primitivesMin: number;
  readonly primitivesMedian: number;
  readonly lanesMin: number;
}

function figuresOf(gesture: Gesture, { frames, intervalsMs, workMs, inputsMs }: Recorded): Figures {
  const right = frames.filter(({ isRight }) => isRight).map(({ atMs, drawMs }) => atMs + drawMs);
  const tilesMs = inputsMs.map((atMs) => (right.find((shownMs) => shownMs >= atMs) ?? Infinity) - atMs);
  const primitives = frames.map((frame) => frame.primitives);
  return {
    gesture,
    frames: frames.length,
    smoothShare: intervalsMs.filter((ms) => ms < LIMITS.smoothMs).length / intervalsMs.length,
    longestMs: Math.max(...intervalsMs),
    workMsP95: quantile(workMs, 0.95),
    drawMsP95: quantile(
      frames.map(({ drawMs }) => drawMs),
      0.95,
    ),
    tilesMsP95: quantile(tilesMs, 0.95),
    primitivesMin: Math.min(...primitives),
    primitivesMedian: quantile(primitives, 0.5),
    lanesMin: Math.min(...frames.map(({ lanes }) => lanes)),
  };
}

function line(of: Figures): string {
  return [
    of.gesture.padEnd(9),
    `${of.frames} frames, ${(of.smoothShare * 100).toFixed(2)} % under ${LIMITS.smoothMs} ms, longest ${of.longestMs.toFixed(1)} ms`,
    `work p95 ${of.workMsP95.toFixed(2)} ms (drawing ${of.drawMsP95.toFixed(2)})`,
    `input to the right tiles p95 ${of.tilesMsP95.toFixed(0)} ms`,
    `primitives at least ${of.primitivesMin}, median ${of.primitivesMedian}, lanes at least ${of.lanesMin}`,
  ].join('; ');
}

async function openTimeline(page: Page): Promise<number> {
  await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
  await page.getByRole('button', { name: 'Timeline', exact: true }).first().click();
  const stage = page.getByRole('img', { name: /^Timeline/ });
  await stage.waitFor({ timeout: WAIT_MS });
  await page.getByRole('checkbox', { name: 'Heartbeats' }).check();
  await stage.focus();
  await page.keyboard.press('0');
  await expect
    .poll(() => stage.getAttribute('aria-label'), { timeout: WAIT_MS })
    .toMatch(/heartbeats as density/);
  const label = (await stage.getAttribute('aria-label')) ?? '';
  return Number(/(\d+) lanes/.exec(label)?.[1]);
}

it('A timeline of a million events pans, zooms and plays without stuttering', async (context) => {
  const obstacle = obstacleTo('desktop');
  if (obstacle) context.skip(obstacle);
  const window = await launchDesktop({ open: [traceFile()], size: { width: 1280, height: 800 } });
  onTestFinished(() => window.close());
  const { page } = window;
  const lanes = await openTimeline(page);
  const all: Figures[] = [];
  onTestFinished(() => console.log(all.map(line).join('\n')));
  for (const gesture of ['pan', 'zoom', 'playback'] as const)
    all.push(figuresOf(gesture, await driveFrames(page, gesture, FRAMES_MIN)));

  for (const figures of all) {
    const { gesture } = figures;
    expect(figures.frames, `${gesture}: frames drawn`).toBeGreaterThanOrEqual(FRAMES_MIN);
    expect(figures.lanesMin, `${gesture}: lanes in each frame`).toBe(lanes);
    expect(figures.primitivesMin, `${gesture}: primitives in each frame`).toBeGreaterThanOrEqual(
      PRIMITIVES_MIN,
    );
    expect(figures.smoothShare, `${gesture}: share of smooth frames`).toBeGreaterThanOrEqual(
      LIMITS.smoothShareMin,
    );
    expect(figures.longestMs, `${gesture}: longest frame`).toBeLessThanOrEqual(LIMITS.longestMs);
    expect(figures.workMsP95, `${gesture}: script and drawing`).toBeLessThanOrEqual(LIMITS.workMsP95);
    expect(figures.tilesMsP95, `${gesture}: input to the right tiles`).toBeLessThanOrEqual(LIMITS.tilesMsP95);
  }
}, 400_000);
