/** Reports from real windows: made of a recorded run with two marked moments, saved where the save dialog says, and read like a page. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, inWindow, shoot } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';

const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'src-main/cli/main.ts');
const WAIT_MS = 30_000;
const NOTE = 'The leader is killed here.\nNobody notices for a while: <b>detection</b>.';

let folder: string;
let crash: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-report-'));
  crash = path.join(folder, 'crash.qlab');
  execFileSync(process.execPath, [cli, 'run', 'leader-crash', '--trace', crash, '--seed', '3', '--json'], {
    cwd: root,
    stdio: 'pipe',
  });
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bookmarks stand in the trace itself. */
function ownCopy(): string {
  const file = path.join(mkdtempSync(path.join(folder, 'copy-')), 'crash.qlab');
  copyFileSync(crash, file);
  return file;
}

async function mark(page: Page, step: string, title: string, note: string): Promise<void> {
  const before = await page.getByTestId('cursor').textContent();
  await page.keyboard.press(step);
  await expect.poll(() => page.getByTestId('cursor').textContent(), { timeout: WAIT_MS }).not.toBe(before);
  await page.keyboard.press('N');
  const dialog = page.getByRole('dialog', { name: 'Bookmark this moment' });
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByLabel('Note').fill(note);
  await page.keyboard.press('Control+Enter');
  await dialog.waitFor({ state: 'detached', timeout: WAIT_MS });
}

async function openWithTwoMarks(window: LabWindow): Promise<Page> {
  const { page } = window;
  await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
  await page.keyboard.press('Home');
  await mark(page, 'G', 'Kill & silence', NOTE);
  await mark(page, 'E', 'A new leader', 'Elected.');
  return page;
}

/** What the person answers to the system's save dialog; null: cancel. */
async function answerSaveDialog(window: LabWindow, file: string | null): Promise<void> {
  await window.electron?.evaluate(({ dialog }, given) => {
    dialog.showSaveDialog = ((_window: unknown, options: { defaultPath?: string }) => {
      (globalThis as { offered?: string }).offered = options.defaultPath;
      return Promise.resolve({ canceled: given === null, filePath: given ?? '' });
    }) as typeof dialog.showSaveDialog;
  }, file);
}
const offered = (window: LabWindow) =>
  window.electron?.evaluate(() => (globalThis as { offered?: string }).offered);

inWindow('desktop', 'a report', (open) => {
  it('is saved as a page and as PDF where the dialog says, with notes, pictures and figures', async () => {
    const window = await open({ open: [ownCopy()] });
    const page = await openWithTwoMarks(window);
    const file = path.join(folder, 'report.html');

    await answerSaveDialog(window, null);
    await page.keyboard.press('Shift+R');
    const dialog = page.getByRole('dialog', { name: 'Report' });
    await dialog.waitFor();
    await expectAccessible(page);
    await shoot(window, 'report-dialog');
    await page.keyboard.press('Enter');
    await expect.poll(() => offered(window), { timeout: WAIT_MS }).toBe('leader-crash-report.html');
    await expect.poll(() => dialog.getByRole('status').textContent(), { timeout: WAIT_MS }).toBe('');
    expect(await dialog.isVisible()).toBe(true);

    await answerSaveDialog(window, file);
    await dialog.getByRole('button', { name: 'Save report…' }).click();
    await dialog.waitFor({ state: 'detached', timeout: WAIT_MS });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('1. Kill &amp; silence');
    expect(text).toContain('2. A new leader');
    expect(text).toContain('&lt;b&gt;detection&lt;/b&gt;');
    expect(text).toMatch(/quorum-lab:\/\/run\/[0-9a-f-]{36}\/timeline\?at=\d+/);

    const pdf = path.join(folder, 'report.pdf');
    await answerSaveDialog(window, pdf);
    await page.keyboard.press('Shift+R');
    await dialog.getByRole('radio', { name: 'PDF' }).check();
    await dialog.getByRole('button', { name: 'Save report…' }).click();
    await dialog.waitFor({ state: 'detached', timeout: WAIT_MS });
    const bytes = readFileSync(pdf);
    expect(bytes.subarray(0, 5).toString('latin1')).toBe('%PDF-');
    expect(bytes.subarray(-8).toString('latin1')).toContain('%%EOF');
    const { pages, images, titles } = structureOf(bytes);
    expect(pages).toBeGreaterThanOrEqual(2);
    expect(images).toBeGreaterThanOrEqual(2);
    // The outline holds the headings, so those of the marked moments.
    expect(titles).toContain('1. Kill & silence');
    expect(titles).toContain('2. A new leader');
    expect(window.electron?.windows()).toHaveLength(1);
  });

  it('cannot be written where nobody may write, and says so in the dialog', async () => {
    const window = await open({ open: [ownCopy()] });
    const { page } = window;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await answerSaveDialog(window, path.join(folder, 'no such folder', 'report.html'));
    await page.keyboard.press('Shift+R');
    await page.keyboard.press('Enter');
    const refusal = page.getByRole('dialog', { name: 'Report' }).getByRole('alert');
    await refusal.waitFor({ timeout: WAIT_MS });
    expect(await refusal.textContent()).toMatch(/could not be written \(ENOENT\)/);
  });
});

inWindow('browser', 'a report', (open) => {
  it('comes as a download, reads without scripts, and axe finds nothing serious in it', async () => {
    const window = await open({ open: [ownCopy()] });
    const page = await openWithTwoMarks(window);
    await page.keyboard.press('Shift+R');
    const dialog = page.getByRole('dialog', { name: 'Report' });
    expect(await dialog.getByRole('radio', { name: 'PDF' }).isDisabled()).toBe(true);
    await dialog.getByText('A browser makes PDF itself').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download', { timeout: WAIT_MS }),
      dialog.getByRole('button', { name: 'Save report…' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('leader-crash-report.html');
    const file = path.join(folder, 'downloaded.html');
    await download.saveAs(file);

    const shown = await page.context().newPage();
    await shown.goto(`file://${file}`);
    expect(await shown.title()).toBe('Leader crash – report');
    const pictures = shown.locator('figure img');
    expect(await pictures.count()).toBe(2);
    for (const picture of await pictures.all()) {
      const size = await picture.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.width]);
      // Twice as fine as it is shown.
      expect(size[0]).toBeGreaterThanOrEqual(2 * (size[1] ?? Infinity) - 2);
    }
    const wide = await shown.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(wide).toBeLessThanOrEqual(0);
    await expectAccessible(shown);
    const results = path.resolve(import.meta.dirname, '../.results/screenshots');
    await shown.screenshot({ path: path.join(results, 'report-page.png'), fullPage: true });
    await shown.close();
  });
});

describe('the reading of a PDF in these tests', () => {
  it('finds nothing in what is no PDF', () => {
    expect(structureOf(Buffer.from('%PDF-1.4 nothing'))).toEqual({ pages: 0, images: 0, titles: [] });
  });
});

/** Pages, pictures and titles of the outline, as the objects of the file say. */
function structureOf(pdf: Buffer): { pages: number; images: number; titles: string[] } {
  const text = pdf.toString('latin1');
  const titles = [...text.matchAll(/\/Title\s*(?:\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f]+)>)/g)].map(
    ([, plain, hex]) => (hex === undefined ? plainText(plain ?? '') : utf16(hex)),
  );
  return {
    pages: text.match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0,
    images: text.match(/\/Subtype\s*\/Image\b/g)?.length ?? 0,
    titles,
  };
}

function plainText(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function utf16(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').subarray(2);
  return bytes.swap16().toString('utf16le');
}
