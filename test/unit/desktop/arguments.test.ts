import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src-main/desktop/launcher/arguments.ts';

describe('the arguments of npm start', () => {
  it('tells traces and links from switches', () => {
    expect(parseArguments(['a.qlab', '--no-sandbox', 'quorum-lab://run/x', '--force-dark-mode'])).toEqual({
      browser: false,
      noSandbox: true,
      open: ['a.qlab', 'quorum-lab://run/x'],
      switches: ['--force-dark-mode'],
      help: false,
    });
  });

  it('never adds --no-sandbox on its own', () => {
    expect(parseArguments([]).noSandbox).toBe(false);
    expect(parseArguments([]).switches).toEqual([]);
  });

  it('takes --browser and --no-electron for the same wish', () => {
    expect(parseArguments(['--browser']).browser).toBe(true);
    expect(parseArguments(['--no-electron']).browser).toBe(true);
  });
});
