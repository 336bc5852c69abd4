import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLab, type Lab } from '../../src-main/lab/lab.ts';
import type { BookmarkRow } from '../../src-main/trace/model/queries.ts';

let home: string;
let lab: Lab;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'));
  process.env['QUORUM_LAB_HOME'] = home;
  lab = createLab({ kind: 'browser', log: () => undefined });
});
afterEach(async () => {
  await lab.close();
  delete process.env['QUORUM_LAB_HOME'];
  rmSync(home, { recursive: true, force: true });
});

async function titlesIn(runId: string): Promise<string[]> {
  const answer = await lab.call('query', { runId, query: 'bookmarks', params: {} });
  return (answer as { bookmarks: BookmarkRow[] }).bookmarks.map(({ title }) => title);
}

it('a bookmark made live is in the closed trace, one made later joins it there, and both travel with a copy of the file', async () => {
  const { runId } = (await lab.call('startRun', { nodes: 1, profile: 'raft-paper' })) as { runId: string };
  const bookmark = { atNs: 1_000, title: 'While it ran', note: '' };
  const made = (await lab.call('addBookmark', { runId, bookmark })) as BookmarkRow;
  expect(made).toMatchObject({ ...bookmark, event: null, fromNs: null });
  expect(await titlesIn(runId)).toEqual(['While it ran']);
  await lab.call('stopRun', { runId });

  const later = { atNs: 2_000, title: 'Afterwards', note: 'why', event: 'n1/1/1', fromNs: 0, toNs: 5_000 };
  await lab.call('addBookmark', { runId, bookmark: later });
  await lab.call('changeBookmark', { runId, id: made.id, title: 'Renamed', note: 'more' });
  expect(await titlesIn(runId)).toEqual(['Renamed', 'Afterwards']);
  await expect(
    lab.call('removeBookmark', { runId, id: '01890a5d-ac96-774b-bcce-b302099a8057' }),
  ).rejects.toThrow('no longer in the trace');

  const copy = path.join(home, 'copy.qlab');
  copyFileSync(path.join(lab.dataRoot.runs, runId, 'run.qlab'), copy);
  await lab.call('deleteRun', { runId });
  expect(await lab.openFile(copy)).toBe(runId);
  expect(await titlesIn(runId)).toEqual(['Renamed', 'Afterwards']);

  // Opened from elsewhere, it is the lab's own copy that is written.
  const before = readFileSync(copy);
  await lab.call('removeBookmark', { runId, id: made.id });
  expect(await titlesIn(runId)).toEqual(['Afterwards']);
  expect(readFileSync(copy).equals(before)).toBe(true);
});
