import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '../../../src-main/desktop/log.ts';

describe("the desktop's log", () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is on the disk as soon as it is said', async () => {
    openLog(folder, new Date('2026-03-04T05:06:07Z')).warn('the recorder was started again');
    const text = await readFile(path.join(folder, 'desktop-2026-03-04.log'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ level: 40, msg: 'the recorder was started again' });
  });

  it('keeps a fortnight, and touches no other file', async () => {
    for (let day = 1; day <= 20; day += 1)
      await writeFile(path.join(folder, `desktop-2026-03-${String(day).padStart(2, '0')}.log`), '');
    await writeFile(path.join(folder, 'cli.log'), '');
    openLog(folder, new Date('2026-03-21T00:00:00Z'));
    const names = (await readdir(folder)).sort();
    expect(names).toHaveLength(15);
    expect(names[0]).toBe('cli.log');
    expect(names[1]).toBe('desktop-2026-03-08.log');
  });
});
