/** Two recorded runs, one above the other: aligned at the kill of their leaders, the first difference marked, figures as the traces say. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDivergence, type ComparedRun } from '../../src-main/trace/model/divergence.ts';
import type { FaultRow } from '../../src-main/trace/model/queries.ts';
import { openTrace, type OpenTrace } from '../../src-main/trace/reader/open.ts';
import { expectAccessible, inWindow, shoot, type Open } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';

const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'src-main/cli/main.ts');
const WAIT_MS = 30_000;

let folder: string;
let files: { a: string; b: string };
let traces: { a: OpenTrace; b: OpenTrace };

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-compare-'));
  files = { a: path.join(folder, 'a.qlab'), b: path.join(folder, 'b.qlab') };
  // One after the other: two clusters on one machine disturb each other.
  for (const [file, seed] of [
    [files.a, '3'],
    [files.b, '4'],
  ] as const)
    await record(file, seed);
  traces = { a: openTrace(files.a), b: openTrace(files.b) };
}, 120_000);
afterAll(() => {
  for (const trace of Object.values(traces ?? {})) trace.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Whether a busy machine met the scenario's expectations (exit 1: it did not) is no matter here. */
async function record(file: string, seed: string): Promise<void> {
  const flags = ['run', 'leader-crash', '--trace', file, '--seed', seed, '--json'];
  await promisify(execFile)(process.execPath, [cli, ...flags], { cwd: root }).catch(
    (error: { code?: unknown }) => {
      if (error.code !== 1) throw error;
    },
  );
}

const killOf = (trace: OpenTrace): FaultRow => {
  const kill = trace.query('faults', {}).faults.find(({ type }) => type === 'kill');
  if (!kill) throw new Error('nobody was killed');
  return kill;
};

/** A window that has opened both files, one after the other: `b` is shown. */
async function openBoth(open: Open): Promise<LabWindow> {
  const window = await open({ open: [files.a] });
  const { page } = window;
  const isShown = (trace: OpenTrace) =>
    expect.poll(() => page.url(), { timeout: WAIT_MS }).toContain(trace.query('info', {}).runId);
  await isShown(traces.a);
  // As a second start of the app hands its file to the first.
  await window.electron?.evaluate(
    ({ app }, file) => app.emit('second-instance', {}, ['quorum-lab', file], '/'),
    files.b,
  );
  await isShown(traces.b);
  // The address names it first; that it has been read is said here.
  await page.getByText('complete trace').waitFor({ timeout: WAIT_MS });
  return window;
}

/** A is the run that is shown, so the second of the two. */
async function compareByKeys(window: LabWindow): Promise<Page> {
  const { page } = window;
  await page.keyboard.press('Shift+D');
  await page.getByRole('dialog', { name: /^Compare/ }).waitFor();
  await page.getByRole('option').first().waitFor();
  await shoot(window, 'compare-dialog');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: /^Run B/ }).waitFor({ timeout: WAIT_MS });
  await page.getByTestId('figures').waitFor({ timeout: WAIT_MS });
  await expect
    .poll(() => page.getByTestId('divergence').textContent(), { timeout: WAIT_MS })
    .toContain('First difference');
  return page;
}

/** Shown in the window: A is the second file, B the first. */
const compared = (trace: OpenTrace): ComparedRun => ({
  alignNs: killOf(trace).fromNs,
  fromNs: 0,
  ask: (params) => Promise.resolve(trace.query('course', params)),
});

async function figure(page: Page, name: string, group: string): Promise<string[]> {
  const body = page.getByTestId('figures').locator('tbody').filter({ hasText: group }).first();
  const row = body.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  return row.getByRole('cell').allTextContents();
}

const count = (value: number): string => new Intl.NumberFormat('en').format(value);

inWindow('desktop', 'two runs', (open) => {
  it('stand one above the other, aligned at the kill, with the first difference and the figures of both', async () => {
    const window = await openBoth(open);
    const page = await compareByKeys(window);

    const kills = { a: killOf(traces.b), b: killOf(traces.a) };
    for (const side of ['A', 'B'] as const) {
      const chosen = await page
        .getByRole('combobox', { name: `Align ${side} at` })
        .evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.textContent);
      expect(chosen).toContain(`kill ${kills[side.toLowerCase() as 'a' | 'b'].targets[0]}, the leader`);
    }

    const sources = ['n1', 'n2', 'n3', 'n4', 'n5', 'lab'];
    const found = await findDivergence(compared(traces.b), compared(traces.a), {
      sources,
      scope: 'everything',
    });
    const words = (await page.getByTestId('divergence').textContent()) ?? '';
    expect(words).toContain(`First difference, ${found?.first.source}.`);
    if (found?.first.a) expect(words).toContain(found.first.a.text);
    if (found?.first.b) expect(words).toContain(found.first.b.text);

    const [a, b] = [traces.b.query('figures', {}), traces.a.query('figures', {})];
    const okOf = (of: typeof a): number => of.operations.find(({ outcome }) => outcome === 'ok')?.count ?? 0;
    expect((await figure(page, 'acknowledged', 'Operations')).slice(0, 2)).toEqual([
      count(okOf(a)),
      count(okOf(b)),
    ]);
    const sent = (of: typeof a): number =>
      of.messages.find(({ type }) => type === 'AppendEntries')?.sent ?? 0;
    const [inA, inB, difference, ratio] = await figure(page, 'AppendEntries', 'Messages sent');
    expect([inA, inB]).toEqual([count(sent(a)), count(sent(b))]);
    const more = sent(b) - sent(a);
    expect(difference).toBe(more === 0 ? 'same' : `${more > 0 ? '+' : '−'}${count(Math.abs(more))}`);
    expect(ratio).toBe(more === 0 ? '' : `×${Number((sent(b) / sent(a)).toPrecision(3))}`);
    expect((await figure(page, 'highest term', 'Run')).slice(0, 2)).toEqual([
      count(a.termMax),
      count(b.termMax),
    ]);
    const elections = [traces.b, traces.a].map((trace) => trace.query('elections', {}).elections);
    expect((await figure(page, 'elections', 'split votes')).slice(0, 2)).toEqual(
      elections.map((rows) => count(rows.length)),
    );
    await expectAccessible(page);
    await shootAll(window, 'compare');
  });

  it('are compared, moved through and left from the keyboard alone', async () => {
    const window = await openBoth(open);
    const page = await compareByKeys(window);
    const { runId } = traces.a.query('info', {});
    await expect.poll(() => page.url()).toContain(`with=${runId}`);

    // The first difference is gone to: it is marked in both, selected, and explained.
    await page.keyboard.press('X');
    await page.getByTestId('parts-here').first().waitFor({ timeout: WAIT_MS });
    await page.getByRole('heading', { name: 'Event', exact: true }).waitFor({ timeout: WAIT_MS });

    // B leads: stepping moves its cursor, and A goes along by as much.
    await page.keyboard.press('B');
    const explained = () => page.getByRole('complementary').first().textContent();
    const before = await explained();
    const cursorBefore = await page.getByTestId('cursor').textContent();
    await page.keyboard.press('E');
    await expect.poll(explained, { timeout: WAIT_MS }).not.toBe(before);
    await expect.poll(() => page.getByTestId('cursor').textContent()).not.toBe(cursorBefore);
    await page.keyboard.press('T');
    await page.getByTestId('figures').waitFor();

    // The address says all of it.
    await expect.poll(() => page.url()).toMatch(/view=compare.*from=\d+/);
    await page.reload();
    await page.getByTestId('figures').waitFor({ timeout: WAIT_MS });
    await page.getByRole('region', { name: /^Run B/ }).waitFor();
    await page.keyboard.press('Shift+T');
    await page.getByRole('region', { name: /^Run B/ }).waitFor({ state: 'detached' });
  });

  it('are chosen on Home, too', async () => {
    const window = await openBoth(open);
    const { page } = window;
    await page.keyboard.press('Shift+H');
    const boxes = page.getByRole('checkbox', { name: /for comparing$/ });
    await expect.poll(() => boxes.count(), { timeout: WAIT_MS }).toBe(2);
    for (const box of await boxes.all()) await box.check();
    await shoot(window, 'compare-home');
    await page.getByRole('button', { name: 'Compare the two chosen' }).click();
    await page.getByTestId('figures').waitFor({ timeout: WAIT_MS });
  });
});

const SIZES = [
  { name: '1280', width: 1280, height: 800, zoom: 1 },
  { name: '1280-zoom150', width: 1280, height: 800, zoom: 1.5 },
  { name: '1920', width: 1920, height: 1080, zoom: 1 },
] as const;

async function shootAll(window: LabWindow, name: string): Promise<void> {
  for (const { name: size, width, height, zoom } of SIZES) {
    await window.resize(width, height);
    await window.zoom(zoom);
    for (const theme of ['dark', 'light'] as const) {
      await window.page.emulateMedia({ colorScheme: theme });
      await shoot(window, `${name}-${theme}-${size}`);
    }
  }
  await window.zoom(1);
  await window.resize(1280, 800);
}
