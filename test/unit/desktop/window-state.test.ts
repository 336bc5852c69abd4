import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hexColour,
  isReachable,
  readWindowState,
  writeWindowState,
} from '../../../src-main/desktop/window-state.ts';

const bounds = { x: 10, y: 20, width: 1280, height: 800 };
const screen = { x: 0, y: 0, width: 1920, height: 1080 };

describe('the place of the window', () => {
  let file = '';
  beforeEach(async () => {
    file = path.join(await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-test-')), 'window.json');
  });
  afterEach(() => rm(path.dirname(file), { recursive: true }));

  it('is read as it was written', () => {
    writeWindowState(file, { bounds, maximized: true, background: '#f3f5f8' });
    expect(readWindowState(file)).toMatchObject({ bounds, maximized: true, background: '#f3f5f8' });
  });

  it('is forgotten where the file is missing, damaged or of a later version', async () => {
    expect(readWindowState(file)).toBeUndefined();
    await writeFile(file, '{"format":"quorum-lab-win');
    expect(readWindowState(file)).toBeUndefined();
    await writeFile(
      file,
      JSON.stringify({
        format: 'quorum-lab-window',
        version: 2,
        bounds,
        maximized: false,
        background: '#000000',
      }),
    );
    expect(readWindowState(file)).toBeUndefined();
  });

  it('counts only where a person can get hold of the window', () => {
    expect(isReachable(bounds, [screen])).toBe(true);
    expect(isReachable({ ...bounds, x: 3000 }, [screen])).toBe(false);
    expect(isReachable({ ...bounds, x: -1270 }, [screen])).toBe(false);
    expect(isReachable({ ...bounds, y: -40 }, [screen])).toBe(false);
    expect(isReachable({ ...bounds, x: 2000 }, [screen, { ...screen, x: 1920 }])).toBe(true);
  });

  it('takes the colour of the page as the page computes it', () => {
    expect(hexColour('rgb(15, 19, 24)')).toBe('#0f1318');
    expect(hexColour('rgba(0, 0, 0, 0)')).toBeUndefined();
    expect(hexColour(undefined)).toBeUndefined();
  });
});
