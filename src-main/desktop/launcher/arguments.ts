/** What may follow `npm start --`. */

export interface StartArguments {
  /** Serve to a browser without asking for Electron. */
  readonly browser: boolean;
  /** Start Electron without Chromium's sandbox. Never added on its own. */
  readonly noSandbox: boolean;
  /** Traces and `quorum-lab:` links, handed to the window. */
  readonly open: readonly string[];
  /** Further switches, handed to Electron as they are. */
  readonly switches: readonly string[];
  readonly help: boolean;
}

export const USAGE = `npm start -- [TRACE.qlab | quorum-lab://…]… [--browser] [--no-sandbox] [--SWITCH…]

  --browser      serve the window to a browser (also: --no-electron)
  --no-sandbox   start Electron without Chromium's sandbox, as root must
  --SWITCH       any other switch goes to Electron`;

export function parseArguments(given: readonly string[]): StartArguments {
  const known = new Set(['--browser', '--no-electron', '--no-sandbox', '--help', '-h']);
  const has = (...names: string[]) => given.some((argument) => names.includes(argument));
  return {
    browser: has('--browser', '--no-electron'),
    noSandbox: has('--no-sandbox'),
    help: has('--help', '-h'),
    open: given.filter((argument) => !argument.startsWith('-')),
    switches: given.filter((argument) => argument.startsWith('-') && !known.has(argument)),
  };
}
