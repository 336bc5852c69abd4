/** A trace in which membership changes, opened in a real window: the learner, the configurations, the snapshot and the hand-over are seen. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TraceRecording } from '../../src-main/trace/recorder/recording.ts';
import { writeMembershipRun } from '../unit/trace/membership-run.ts';
import { sampleHeader } from '../unit/trace/sample-run.ts';
import { expectAccessible, inWindow, shoot } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';

const WAIT_MS = 30_000;

let folder: string;
let trace: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-membership-'));
  const run = writeMembershipRun(folder);
  run.close();
  trace = path.join(folder, 'membership.qlab');
  const header = { ...sampleHeader(), title: 'Members change', options: { reads: 'lease', preVote: true } };
  await TraceRecording.start(trace, run.spoolFolder, header).close('complete', 'over');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const box = (page: Page, node: string) => page.locator(`button[data-node="${node}"]`);

/** Goes to the moment of an event, as a reader of the list does. */
async function goTo(page: Page, sentence: RegExp): Promise<void> {
  await page.keyboard.press('End');
  await page.getByRole('listitem').getByRole('button', { name: sentence }).first().click();
}

async function shootThemes(window: LabWindow, name: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    await window.page.emulateMedia({ colorScheme: theme });
    await shoot(window, `${name}-${theme}`);
  }
  await window.page.emulateMedia({ colorScheme: 'dark' });
}

inWindow('desktop', 'a trace in which membership changes', (open) => {
  it('shows the learner and its snapshot, the joint configuration, and who is left', async () => {
    const window = await open({ open: [trace] });
    const { page } = window;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await page.getByRole('img', { name: /Timeline from/ }).waitFor({ timeout: WAIT_MS });
    await page.getByRole('button', { name: 'Cluster', exact: true }).first().click();
    await box(page, 'n1').waitFor({ timeout: WAIT_MS });

    await goTo(page, /n4 installs the snapshot of entry 12/);
    await expect.poll(() => box(page, 'n4').getAttribute('data-role'), { timeout: WAIT_MS }).toBe('learner');
    await box(page, 'n1').click();
    const inspector = page.getByRole('complementary', { name: 'Inspector' });
    await expect.poll(() => inspector.getByTestId('members').innerText()).toMatch(/learners\s+n4/);
    await expect
      .poll(() => inspector.locator('[data-follower="n4"]').getAttribute('data-state'))
      .toBe('snapshot');
    await expectAccessible(page);
    await shootThemes(window, 'membership-learner');

    await goTo(page, /commits the joint configuration/);
    await box(page, 'n4').click();
    await expect
      .poll(() => inspector.getByTestId('members').innerText())
      .toMatch(/old voters\s+n1\s+n2\s+n3\s+new voters\s+n2\s+n3\s+n4/);
    await expect.poll(() => box(page, 'n1').getAttribute('data-standing')).toBe('leaving');
    await expect.poll(() => box(page, 'n4').getAttribute('data-standing')).toBe('joining');
    await shootThemes(window, 'membership-joint');

    await page.keyboard.press('End');
    await expect.poll(() => box(page, 'n1').getAttribute('data-standing')).toBe('left');
    await expect.poll(() => box(page, 'n4').getAttribute('data-role')).toBe('leader');
    await shootThemes(window, 'membership-left');
  });

  it('shows the same on the Timeline, with what a snapshot holds in the logs', async () => {
    const window = await open({ open: [trace] });
    const { page } = window;
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await page.getByRole('img', { name: /Timeline from/ }).waitFor({ timeout: WAIT_MS });
    await page.keyboard.press('0');
    await page.keyboard.press('End');
    const blocks = page.getByTestId('snapshot-block');
    await expect.poll(() => blocks.count(), { timeout: WAIT_MS }).toBe(2);
    await expect
      .poll(() => blocks.last().getAttribute('title'))
      .toMatch(/entries 1 to 12 .*snapshot of entry 12/);
    await expectAccessible(page);
    await shootThemes(window, 'membership-timeline');
    await window.zoom(1.5);
    await shootThemes(window, 'membership-timeline-zoom150');
    await window.zoom(1);
    await page.keyboard.press('T');
    await page.getByLabel('Only this kind').selectOption('snapshots');
    await page.getByText('n4 installs the snapshot of entry 12').first().waitFor({ timeout: WAIT_MS });
    await shoot(window, 'membership-table');
  });
});
