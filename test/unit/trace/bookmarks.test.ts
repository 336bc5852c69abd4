import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidCall, parseCall } from '../../../src-main/api/schemas.ts';
import type { BookmarkRow } from '../../../src-main/trace/model/queries.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { writeBookmark } from '../../../src-main/trace/writer/write-bookmark.ts';
import { MS, SampleRun, sampleHeader, writeSampleRun } from './sample-run.ts';

const { runId } = sampleHeader();
const OTHER_RUN = '01890a5d-ac96-774b-bcce-b302099a8058';

function bookmark(number: number, changes: Partial<BookmarkRow> = {}): BookmarkRow {
  return {
    id: `01890a5d-ac96-774b-bcce-00000000000${number}`,
    atNs: number * 100 * MS,
    event: 'n1/1/3',
    title: `Mark ${number}`,
    note: 'two\nlines',
    fromNs: 0,
    toNs: 800 * MS,
    createdAt: '2026-01-02T03:04:05.000Z',
    ...changes,
  };
}

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bookmarks-'));
  file = join(folder, 'run.qlab');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function record(): Promise<void> {
  const run = writeSampleRun(folder);
  run.close();
  await TraceRecording.start(file, run.spoolFolder, sampleHeader()).close('complete', 'over');
}

function bookmarksOf(of: string): BookmarkRow[] {
  const trace = openTrace(of);
  try {
    return trace.query('bookmarks', {}).bookmarks;
  } finally {
    trace.close();
  }
}

describe('a bookmark of a saved trace', () => {
  it('stands in the file, survives a copy of it, and leaves no side file', async () => {
    await record();
    writeBookmark(file, runId, { kind: 'add', bookmark: bookmark(3) });
    writeBookmark(file, runId, { kind: 'add', bookmark: bookmark(1, { event: null, fromNs: null }) });
    const copy = join(folder, 'copy.qlab');
    copyFileSync(file, copy);
    expect(bookmarksOf(copy)).toEqual([bookmark(1, { event: null, fromNs: null }), bookmark(3)]);
    expect(['-wal', '-journal', '-shm'].filter((end) => existsSync(file + end))).toEqual([]);
  });

  it('is seen by a reader that had the file open before', async () => {
    await record();
    const trace = openTrace(file);
    try {
      expect(trace.query('bookmarks', {}).bookmarks).toEqual([]);
      writeBookmark(file, runId, { kind: 'add', bookmark: bookmark(1) });
      expect(trace.query('bookmarks', {}).bookmarks).toEqual([bookmark(1)]);
    } finally {
      trace.close();
    }
  });

  it('can be edited and removed', async () => {
    await record();
    writeBookmark(file, runId, { kind: 'add', bookmark: bookmark(1) });
    const { id } = bookmark(1);
    writeBookmark(file, runId, { kind: 'change', id, title: 'Better', note: '' });
    expect(bookmarksOf(file)).toEqual([bookmark(1, { title: 'Better', note: '' })]);
    writeBookmark(file, runId, { kind: 'remove', id });
    expect(bookmarksOf(file)).toEqual([]);
    expect(() => writeBookmark(file, runId, { kind: 'remove', id })).toThrow('no longer in the trace');
  });

  it('is not written to the trace of another run that took the file’s place', async () => {
    await record();
    expect(() => writeBookmark(file, OTHER_RUN, { kind: 'add', bookmark: bookmark(1) })).toThrow(
      `${file} now holds another run`,
    );
  });
});

describe('a bookmark of a trace of an earlier version', () => {
  const EARLIER = join(import.meta.dirname, '../../golden/traces/v1.qlab');

  it('is kept once a reader has brought the file to this version, and refused while it could not', () => {
    copyFileSync(EARLIER, file);
    const trace = openDatabase(file, { readonly: true });
    const earlier = trace.prepare('SELECT run_id FROM run').pluck().get() as string;
    trace.close();
    expect(() => writeBookmark(file, earlier, { kind: 'add', bookmark: bookmark(1) })).toThrow(
      /cannot be written.*Copy it/,
    );
    const before = bookmarksOf(file);
    expect(before.map(({ title }) => title)).toEqual(['Here it began', 'and here']);
    const late = bookmark(9);
    writeBookmark(file, earlier, { kind: 'add', bookmark: late });
    expect(bookmarksOf(file)).toEqual([...before, late]);
  });
});

describe('a bookmark of a live trace', () => {
  it('is written by the recorder and is there when the trace is closed', async () => {
    const run = new SampleRun(folder);
    run.at(0).record('lab', { kind: 'run-started', nodes: ['n1', 'n2', 'n3'] });
    run.flush();
    const recording = TraceRecording.start(file, run.spoolFolder, sampleHeader());
    recording.round(true);
    expect(() => writeBookmark(file, runId, { kind: 'add', bookmark: bookmark(1) })).toThrow(
      'is being recorded',
    );
    recording.bookmark({ kind: 'add', bookmark: bookmark(2) });
    expect(bookmarksOf(file)).toEqual([bookmark(2)]);
    run.close();
    await recording.close('complete', 'over');
    expect(bookmarksOf(file)).toEqual([bookmark(2)]);
  });
});

describe('the door of the API', () => {
  const bookmark = { atNs: 5, title: ' A title ', note: '' };

  it('takes a bookmark with its title trimmed, and refuses one without', () => {
    expect(parseCall('addBookmark', { runId, bookmark }).params).toEqual({
      runId,
      bookmark: { ...bookmark, title: 'A title' },
    });
    const refused = [
      { ...bookmark, title: '  ' },
      { ...bookmark, note: 'x'.repeat(4_001) },
      { ...bookmark, atNs: -1 },
      { ...bookmark, path: '/etc' },
    ];
    for (const bad of refused)
      expect(() => parseCall('addBookmark', { runId, bookmark: bad })).toThrow(InvalidCall);
    expect(() => parseCall('removeBookmark', { runId, id: '1; DROP TABLE bookmark' })).toThrow('is a UUID');
  });
});
