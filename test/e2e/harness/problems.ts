/** Whatever a page complains about while it is tested: console errors, uncaught exceptions, violations of its policy. */
import type { Page } from 'playwright';

export interface Problems {
  /** All complaints so far, those from before the page was watched included. */
  all(): Promise<string[]>;
}

export function watchProblems(page: Page): Problems {
  const seen: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      seen.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => seen.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('crash', () => seen.push('the page crashed'));
  return {
    async all() {
      if (page.isClosed()) return seen;
      // The browser keeps reports of violations for whoever asks later.
      const violations = await page.evaluate(() => {
        const observer = new ReportingObserver(() => undefined, {
          types: ['csp-violation'],
          buffered: true,
        });
        observer.observe();
        const reports = observer.takeRecords();
        observer.disconnect();
        return reports.map((report) => JSON.stringify(report.body));
      });
      return [...seen, ...violations.map((violation) => `policy violated: ${violation}`)];
    },
  };
}
