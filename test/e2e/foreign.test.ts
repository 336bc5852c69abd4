import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TraceRecording } from '../../src-main/trace/recorder/recording.ts';
import { sampleHeader, writeSampleRun } from '../unit/trace/sample-run.ts';
import { inWindow, shoot } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';

const WAIT_MS = 30_000;

let folder: string;
let sound: string;
let damaged: string;
let hostile: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-e2e-foreign-'));
  sound = await record('sound', 1, '');
  damaged = await record(
    'damaged',
    2,
    "UPDATE event SET body = '{' WHERE kind = 'operator'; UPDATE message SET sent_ns = 'soon' WHERE key = 1",
  );
  hostile = await record('hostile', 3, 'CREATE VIEW extra AS SELECT 1');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function record(name: string, number: number, sql: string): Promise<string> {
  const file = path.join(folder, `${name}.qlab`);
  const spools = mkdtempSync(path.join(folder, 'spools-'));
  const run = writeSampleRun(spools);
  run.close();
  const header = {
    ...sampleHeader(),
    runId: `01890a5d-ac96-774b-bcce-b5000000000${number}`,
    title: `A ${name} trace`,
  };
  await TraceRecording.start(file, run.spoolFolder, header).close('complete', 'over');
  const database = new Database(file);
  if (sql !== '') database.exec(sql);
  database.close();
  return file;
}

/** What a person does with the system's dialog: choose this file. */
async function openByDialog(window: LabWindow, file: string): Promise<void> {
  await window.electron?.evaluate(({ dialog }, chosen) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [chosen] });
  }, file);
  await window.page.getByRole('button', { name: 'Open a trace…' }).click({ timeout: WAIT_MS });
}

/** Every text that the mark has had since, because a small file is soon read. */
async function watchMark(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seenMarks: seen });
    new MutationObserver(() => {
      const text = document.querySelector('[data-testid="verification"]')?.textContent;
      if (text) seen.push(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { seenMarks: string[] }).seenMarks);
}

inWindow('desktop', 'a trace from elsewhere', (open) => {
  it('is shown while it is verified, and the mark goes once it is known to be sound', async () => {
    const window = await open();
    const { page } = window;
    const marks = await watchMark(page);
    await openByDialog(window, sound);
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await expect
      .poll(async () => (await marks()).join(), { timeout: WAIT_MS })
      .toMatch(/not verified yet|verifying \d+ %/);
    await page.getByTestId('verification').waitFor({ state: 'detached', timeout: WAIT_MS });
  });

  it('says what is damaged in it and that what is shown may be incomplete', async () => {
    const window = await open();
    const { page } = window;
    await openByDialog(window, damaged);
    const mark = page.getByTestId('verification');
    await expect
      .poll(() => mark.innerText().catch(() => ''), { timeout: WAIT_MS })
      .toMatch(/^damaged: .*not of a trace's form.*What is shown may be incomplete\.$/);
    await shoot(window, 'foreign-damaged');
  });

  it('that is made to do harm is refused with the reason, and the next one opens', async () => {
    const window = await open();
    const { page } = window;
    await openByDialog(window, hostile);
    await page
      .getByText(/hostile\.qlab is damaged: its tables are not those of a trace/)
      .first()
      .waitFor({ timeout: WAIT_MS });
    await shoot(window, 'foreign-refused');
    await openByDialog(window, sound);
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
  });
});
