import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drawSchedule } from '../../src-main/simulation/schedule/draw.ts';
import { writeTrace } from '../../src-main/simulation/write-trace.ts';
import { sampleHeader } from '../unit/trace/sample-run.ts';
import { expectAccessible, inEveryWindow, inWindow, shoot } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';

const WAIT_MS = 20_000;
const TITLE = 'A sample';

let folder: string;
let trace: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-exchange-'));
  trace = path.join(folder, 'sample.qlab');
  await writeTrace(drawSchedule(7), trace, sampleHeader());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The row of the run on Home, its figures as they stand there. */
async function figuresOf(page: Page, title: string): Promise<string[]> {
  const row = page
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: `Open ${title}`, exact: true }) });
  await row.waitFor({ timeout: WAIT_MS });
  const cells = await row.getByRole('cell').allTextContents();
  // All but the size of the file, which differs by how it was written.
  return cells.slice(1, 8).map((cell) => cell.trim());
}

/** What a person would choose in the system's dialog. */
async function answerSaveDialog(window: LabWindow, file: string): Promise<void> {
  await window.electron?.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
  }, file);
}

/** Drops a file of this machine on the window: a field that nobody sees turns its path into a file. */
async function drop(page: Page, file: string): Promise<void> {
  await page.evaluate(() => {
    const field = document.createElement('input');
    field.type = 'file';
    field.id = 'dropped';
    field.hidden = true;
    document.body.append(field);
  });
  await page.setInputFiles('#dropped', file);
  const transfer = await page.evaluateHandle(() => {
    const field = document.getElementById('dropped');
    const dropped = new DataTransfer();
    if (field instanceof HTMLInputElement && field.files?.[0]) dropped.items.add(field.files[0]);
    field?.remove();
    return dropped;
  });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

async function exportFrom(page: Page, format: string, redact: boolean): Promise<void> {
  await page.keyboard.press('Control+e');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Format').selectOption(format);
  if (redact) await dialog.getByLabel('Redact').check();
  await dialog.getByRole('button', { name: 'Export…' }).click();
}

inWindow('desktop', 'a trace that leaves and comes back', (open) => {
  it('is exported from the window and dropped on it, and opens with the same figures', async () => {
    const window = await open({ open: [trace] });
    const { page } = window;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    const out = path.join(folder, 'out.ndjson');
    await answerSaveDialog(window, out);
    await exportFrom(page, 'ndjson', false);
    await page.getByTestId('exported').waitFor({ timeout: WAIT_MS });
    await expectAccessible(page);
    await shoot(window, 'export-dialog');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+H');
    const before = await figuresOf(page, TITLE);
    await page.getByRole('button', { name: `More for ${TITLE}` }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No cluster has run here yet.').waitFor({ timeout: WAIT_MS });

    await drop(page, out);
    // The window goes to the run once it is open.
    await expect.poll(() => page.url(), { timeout: WAIT_MS }).toContain('view=cluster');
    await page.keyboard.press('Shift+H');
    expect(await figuresOf(page, TITLE)).toEqual(before);
    expect(before.join(' ')).toMatch(/complete .* 2.?587/);
  });

  it('shows what somebody else’s history says, and why a file is none', async () => {
    const window = await open();
    const { page } = window;
    const history = path.join(folder, 'history.edn');
    writeFileSync(
      history,
      '{:process 0, :type :invoke, :f :write, :value 3, :time 1000000}\n{:process 0, :type :ok, :f :write, :value 3, :time 5000000}\n',
    );
    await drop(page, history);
    await page.getByRole('heading', { name: 'history.edn (imported)' }).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('Shift+T');
    await shoot(window, 'imported-history');
    const diary = path.join(folder, 'diary.txt');
    writeFileSync(diary, 'Dear diary\n');
    await page.keyboard.press('Shift+H');
    await drop(page, diary);
    const refusal = page
      .getByRole('alert')
      .filter({ hasText: 'is not a trace, nor anything that could be imported' });
    await refusal.waitFor({ timeout: WAIT_MS });
  });
});

inEveryWindow('exporting', (open, kind) => {
  it('redacts when asked to', async () => {
    const window = await open({ open: [trace] });
    const { page } = window;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    const out = path.join(folder, `redacted-${kind}.edn`);
    await answerSaveDialog(window, out);
    const download = kind === 'browser' ? page.waitForEvent('download', { timeout: WAIT_MS }) : undefined;
    await exportFrom(page, 'jepsen', true);
    await page.getByTestId('exported').waitFor({ timeout: WAIT_MS });
    await (await download)?.saveAs(out);
    const text = readFileSync(out, 'utf8');
    expect(text).toMatch(/^\{:type :invoke, :process 0, :f :\w+, :value \["#[0-9a-f]{16}"/);
    expect(text).not.toMatch(/"k\d/);
  });
});
