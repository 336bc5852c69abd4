/** Pictures of every view from real runs, for people to look at; and what a picture alone cannot show: nothing is clipped, axe is content. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAccessible, inEveryWindow, inWindow, shoot } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';

const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'src-main/cli/main.ts');
const LONG_NAME =
  'A workshop run with a name that somebody wrote while thinking aloud about partitions and elections';
const WAIT_MS = 30_000;

let folder: string;
/** A closed trace of the leader-crash scenario. */
let crash: string;
/** The same run, its lab killed in the middle. */
let cutOff: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-gallery-'));
  crash = path.join(folder, 'crash.qlab');
  cutOff = path.join(folder, 'cut-off.qlab');
  execFileSync(process.execPath, [cli, 'run', 'leader-crash', '--trace', crash, '--seed', '3', '--json'], {
    cwd: root,
    stdio: 'pipe',
  });
  await recordAndKill(cutOff);
  writeFileSync(path.join(folder, 'no-trace.qlab'), 'this is a text, not a trace');
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a run and kills its lab once a leader was elected. */
async function recordAndKill(trace: string): Promise<void> {
  const lab: ChildProcess = spawn(
    process.execPath,
    [cli, 'run', 'leader-crash', '--trace', trace, '--json'],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await new Promise<void>((resolve) => {
    let told = '';
    lab.stderr?.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      if (/no leader/.test(told)) lab.kill('SIGKILL');
    });
    lab.once('exit', () => resolve());
  });
}

const SIZES = [
  { name: '1280', width: 1280, height: 800, zoom: 1 },
  { name: '1280-zoom150', width: 1280, height: 800, zoom: 1.5 },
  { name: '1920', width: 1920, height: 1080, zoom: 1 },
] as const;

async function setTheme(page: Page, theme: 'dark' | 'light'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
}

/** The picture in both themes and all sizes; nothing may hang out of the window at any of them. */
async function shootAll(window: LabWindow, name: string): Promise<void> {
  for (const size of SIZES) {
    await window.resize(size.width, size.height);
    await window.zoom(size.zoom);
    for (const theme of ['dark', 'light'] as const) {
      await setTheme(window.page, theme);
      await expect
        .poll(() => isWhole(window.page), { timeout: 5_000, message: `${name} ${size.name} fits` })
        .toEqual([]);
      await shoot(window, `${name}-${theme}-${size.name}`);
    }
  }
  await window.zoom(1);
  await window.resize(1280, 800);
  await setTheme(window.page, 'dark');
}

/** What hangs out of the window: the page itself must not scroll sideways or down, and no control may lie outside. */
function isWhole(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    const problems: string[] = [];
    if (scrollWidth > clientWidth) problems.push(`the page is ${scrollWidth - clientWidth} px too wide`);
    if (scrollHeight > clientHeight) problems.push(`the page is ${scrollHeight - clientHeight} px too high`);
    for (const control of document.querySelectorAll<HTMLElement>(
      'header button, nav button, footer button',
    )) {
      const box = control.getBoundingClientRect();
      if (box.width === 0) continue;
      if (box.right > clientWidth + 1 || box.bottom > clientHeight + 1)
        problems.push(`${control.ariaLabel ?? control.textContent} is outside`);
    }
    return problems;
  });
}

const go = (page: Page, view: string) =>
  page.getByRole('button', { name: view, exact: true }).first().click();

async function openRecent(page: Page, title: string): Promise<void> {
  await page
    .getByRole('button', { name: `Open ${title}` })
    .first()
    .click();
}

inWindow('desktop', 'the gallery', (open) => {
  it('shows Home, empty and with traces, and a refused trace with its reason', async () => {
    const window = await open();
    await window.page.getByText('No cluster has run here yet.').waitFor({ timeout: WAIT_MS });
    await shootAll(window, 'home-empty');
  });

  it('shows a saved run in Cluster, Timeline and Latency', async () => {
    const window = await open({ open: [crash] });
    const { page } = window;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    for (const view of ['Cluster', 'Timeline', 'Latency']) {
      await go(page, view);
      await page.keyboard.press('Home');
      await page.keyboard.press('E');
      await page.keyboard.press('E');
      await page.waitForLoadState('networkidle').catch(() => undefined);
      await expectAccessible(page);
      await shootAll(window, `${view.toLowerCase()}-replay`);
    }
    await page.keyboard.press('Control+K');
    await page.getByRole('listbox', { name: 'Commands' }).waitFor();
    await shootAll(window, 'palette');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('article', { name: 'Help' }).waitFor();
    await expectAccessible(page);
    await shootAll(window, 'help');
    await go(page, 'Home');
    await shootAll(window, 'home');
  });

  it('shows a run that was cut off, and says so', async () => {
    const window = await open({ open: [cutOff] });
    const { page } = window;
    await page.getByText('CUT OFF', { exact: true }).waitFor({ timeout: WAIT_MS });
    await go(page, 'Timeline');
    await expectAccessible(page);
    await shootAll(window, 'timeline-cut-off');
  });

  it('shows nine nodes with a long name: live, electing, with faults', async () => {
    const window = await open();
    const { page } = window;
    await page.getByLabel('Nodes', { exact: true }).fill('9');
    await page.getByLabel('Clients writing').fill('8');
    await page.getByLabel('Name, if you like').fill(LONG_NAME);
    await page.getByRole('button', { name: 'Start cluster' }).click();
    const boxes = page.getByRole('group', { name: 'Nodes of the cluster' }).getByRole('button');
    const leader = boxes.filter({ hasText: 'leader' }).first();
    await leader.waitFor({ timeout: WAIT_MS });
    await expectAccessible(page);
    await shootAll(window, 'cluster-live-nine');
    await leader.click();
    await page.keyboard.press('K');
    await boxes
      .filter({ hasText: /killed/ })
      .first()
      .waitFor({ timeout: WAIT_MS });
    await shoot(window, 'cluster-electing-nine');
    await expect.poll(() => boxes.filter({ hasText: 'leader' }).count(), { timeout: WAIT_MS }).toBe(1);
    await shootAll(window, 'cluster-elected-nine');
    await go(page, 'Timeline');
    await shootAll(window, 'timeline-live-nine');
    await go(page, 'Latency');
    await shootAll(window, 'latency-live-nine');
  });
});

inEveryWindow('a file that is no trace', (open, kind) => {
  it('is refused with the reason, and the window goes on', async () => {
    const window = await open();
    const { page } = window;
    await page.getByText('No cluster has run here yet.').waitFor({ timeout: WAIT_MS });
    await dropFile(page, 'no-trace.qlab', readFileSync(path.join(folder, 'no-trace.qlab')));
    // In the desktop a file is opened by its place, and one made by a page has none.
    const reason = kind === 'desktop' ? /on this machine/ : /no-trace\.qlab/;
    await page.getByRole('alert').filter({ hasText: reason }).waitFor({ timeout: WAIT_MS });
    if (kind === 'browser') await shootAll(window, 'home-refused');
    await page.getByText('No cluster has run here yet.').waitFor();
  });
});

// A page cannot make a file that has a place on the disk, which is how the desktop opens one; there it comes as an argument.
inWindow('browser', 'a trace that is dropped', (open) => {
  it('opens, and stands among the recent traces', async () => {
    const { page } = await open();
    await page.getByText('No cluster has run here yet.').waitFor({ timeout: WAIT_MS });
    await dropFile(page, 'crash.qlab', readFileSync(crash));
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await go(page, 'Home');
    await openRecent(page, 'Leader crash');
  });
});

async function dropFile(page: Page, name: string, bytes: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ text, fileName }) => {
      const data = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const held = new DataTransfer();
      held.items.add(new File([data], fileName));
      return held;
    },
    { text: bytes.toString('base64'), fileName: name },
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}
