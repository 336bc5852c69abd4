/** A vitest reporter that counts what ran and keeps the reason of each skip, for `test/run.ts` to add up. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

export interface Tally {
  passed: number;
  failed: number;
  /** Full name and reason of each test that did not run. */
  skipped: { name: string; reason: string }[];
}

/** Where to write the tally comes in the environment variable QUORUM_LAB_TALLY; without it nothing is written. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['QUORUM_LAB_TALLY'];
    if (!file) return;
    const tally: Tally = { passed: 0, failed: 0, skipped: [] };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') tally.passed += 1;
        else if (result.state === 'failed') tally.failed += 1;
        else if (result.state === 'skipped')
          tally.skipped.push({ name: test.fullName, reason: result.note ?? 'no reason given' });
        else tally.skipped.push({ name: test.fullName, reason: 'it never came to run' });
      }
      // A file that could not be loaded has no tests to count, and has failed.
      if (module.errors().length > 0) tally.failed += 1;
    }
    tally.failed += unhandledErrors.length;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(tally));
  }
}
