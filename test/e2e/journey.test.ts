import type { Locator, Page } from 'playwright';
import { expect, it } from 'vitest';
import { expectAccessible, inEveryWindow, shoot } from './harness/every-window.ts';

/** The main job may cost a person no more than this. */
const ACTIONS_MAX = 8;
const MS_MAX = 60_000;
const WAIT_MS = 20_000;

/** Counts what a person does: a click, or a key. */
class Person {
  actions = 0;
  readonly #page: Page;
  readonly #startedAt = performance.now();

  constructor(page: Page) {
    this.#page = page;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  async click(target: Locator): Promise<void> {
    this.actions++;
    await target.click({ timeout: WAIT_MS });
  }

  async press(key: string): Promise<void> {
    this.actions++;
    await this.#page.keyboard.press(key);
  }

  /** Moves the focus with Tab until it is on the target, then presses Enter. Moving about is not counted, pressing is. */
  async enterOn(target: Locator): Promise<void> {
    await target.waitFor({ timeout: WAIT_MS });
    const isThere = () => target.evaluate((element) => element === document.activeElement);
    for (let tabs = 0; !(await isThere()); tabs++) {
      if (tabs > 60) throw new Error('Tab does not lead there');
      await this.#page.keyboard.press('Tab');
    }
    await this.press('Enter');
  }
}

const nodeBoxes = (page: Page) =>
  page.getByRole('group', { name: 'Nodes of the cluster' }).getByRole('button');

/** Number of the node that leads in a term above `term`, once one does. */
async function leaderAfter(page: Page, term: number): Promise<{ number: number; term: number }> {
  const found: { number: number; term: number }[] = [];
  await expect
    .poll(
      async () => {
        found.length = 0;
        for (const label of await nodeBoxes(page).evaluateAll((boxes) =>
          boxes.map((box) => box.getAttribute('aria-label') ?? ''),
        )) {
          const match = /^n(\d).*\bleader\b.*?term (\d+)/.exec(label);
          if (match && Number(match[2]) > term)
            found.push({ number: Number(match[1]), term: Number(match[2]) });
        }
        return found.length;
      },
      { timeout: WAIT_MS },
    )
    .toBe(1);
  const [leader] = found;
  if (!leader) throw new Error('no leader');
  return leader;
}

inEveryWindow('the main job', (open) => {
  it('starts a cluster, kills its leader by key, sees the new one, stops, reopens the trace and steps to the election', async () => {
    const { page } = await open();
    const person = new Person(page);
    await person.click(page.getByRole('button', { name: 'Start a 5-node workshop cluster' }));
    const first = await leaderAfter(page, 0);
    await person.press(String(first.number));
    await person.press('K');
    const second = await leaderAfter(page, first.term);
    expect(second.number).not.toBe(first.number);
    await person.click(page.getByRole('button', { name: 'Stop run' }));
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await person.click(page.getByRole('button', { name: 'Home' }));
    await person.click(page.getByRole('button', { name: 'Open 5 nodes, workshop' }));
    await person.press('Shift+E');
    await expect
      .poll(() => page.getByRole('status').textContent(), { timeout: WAIT_MS })
      .toMatch(/^\d.*n\d.* term \d|n\d is elected/);
    expect(person.actions).toBeLessThanOrEqual(ACTIONS_MAX);
    expect(person.elapsedMs).toBeLessThan(MS_MAX);
    await page
      .getByRole('heading', { name: /n\d.*term \d|election/i })
      .first()
      .waitFor({ timeout: WAIT_MS });
    await expectAccessible(page);
  });

  it('can be done from the keyboard alone', async () => {
    const window = await open();
    const { page } = window;
    const person = new Person(page);
    await person.enterOn(page.getByRole('button', { name: 'Start a 5-node workshop cluster' }));
    const first = await leaderAfter(page, 0);
    await person.press(String(first.number));
    await person.press('K');
    await leaderAfter(page, first.term);
    await person.press('Shift+S');
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: WAIT_MS });
    await person.enterOn(page.getByRole('button', { name: 'Home' }));
    await person.enterOn(page.getByRole('button', { name: 'Open 5 nodes, workshop' }));
    await person.press('Shift+E');
    await expect
      .poll(() => page.getByRole('status').textContent(), { timeout: WAIT_MS })
      .toMatch(/^\d.*n\d.* term \d|n\d is elected/);
    expect(person.actions).toBeLessThanOrEqual(ACTIONS_MAX);
    await shoot(window, 'journey-end');
  });
});
