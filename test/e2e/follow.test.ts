import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAccessible, inWindow, shoot } from './harness/every-window.ts';
import type { LabWindow } from './harness/launch.ts';
import { simulatedTrace } from './harness/simulated-trace.ts';

let trace: string;
beforeAll(async () => {
  trace = await simulatedTrace();
});
afterAll(() => rm(path.dirname(trace), { recursive: true, force: true }));

const cursorOf = async (page: Page) => parseFloat((await page.getByTestId('cursor').textContent()) ?? '');
const said = (page: Page) => page.getByTestId('announcement').textContent();
const steps = (page: Page) => page.getByRole('list', { name: 'Steps' }).getByRole('button');
const filterField = (page: Page) => page.getByRole('combobox', { name: /^Filter by/ });

/** The Timeline of the trace, its drawing there. */
async function onTimeline(window: LabWindow): Promise<Page> {
  await window.page.getByRole('img', { name: /^Timeline.* from .* 3 lanes/ }).waitFor();
  await expect.poll(() => window.page.getByText('put k c').count()).toBe(0);
  return window.page;
}

/** How many of how many messages pass the filter. */
async function passing(page: Page): Promise<[number, number]> {
  const text = (await page.getByTestId('filter-count').textContent()) ?? '';
  const [few, all] = text.split(' of ').map((part) => Number(part.replaceAll(',', '')));
  return [few ?? NaN, all ?? NaN];
}

async function filterBy(page: Page, line: string): Promise<void> {
  await page.keyboard.press('/');
  await expect.poll(() => filterField(page).evaluate((field) => field === document.activeElement)).toBe(true);
  await filterField(page).fill(line);
  await page.keyboard.press('Enter');
}

/** Slower and faster by their keys, until the lens says this. */
async function lens(page: Page, label: string): Promise<void> {
  const button = page.getByRole('button', { name: /^Lens/ });
  for (let key = 0; key < 10; key++) await page.keyboard.press('.');
  for (let key = 0; key < 10 && (await button.textContent())?.trim() !== label; key++)
    await page.keyboard.press(',');
  expect((await button.textContent())?.trim()).toBe(label);
}

async function showTable(page: Page, rows: 'Events' | 'Messages' | 'Operations'): Promise<void> {
  const table = page.getByRole('grid');
  if ((await table.count()) === 0) await page.keyboard.press('t');
  await page.getByRole('radio', { name: rows }).click();
  await page.getByRole('grid', { name: new RegExp(`^${rows.toLowerCase()} of`) }).waitFor();
}

inWindow('desktop', 'finding the cause of what one did not witness', (open) => {
  it('filters by node, type, term, fate and text: arrows, table and steps, and says how many of how many', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    await filterBy(page, 'type:RequestVote term:2');
    await expect.poll(() => passing(page)).toEqual([2, expect.any(Number)]);
    await filterBy(page, 'fate:dropped node:n3');
    await expect.poll(async () => (await passing(page))[0]).toBeGreaterThan(10);
    await shoot(window, 'timeline-filtered');
    await filterBy(page, '"the link is cut"');
    await expect.poll(async () => (await passing(page))[0]).toBeGreaterThan(10);

    await showTable(page, 'Events');
    await filterBy(page, 'type:truncate');
    await expect.poll(() => page.getByRole('grid').getByRole('row').count()).toBe(2);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => said(page)).toMatch(/removes entr/);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => said(page)).toMatch(/no event that passes the filter after/);

    await filterBy(page, 'colour:red');
    await page.getByRole('alert').getByText('“colour:” is nothing to filter by').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect.poll(() => page.getByRole('grid').getByRole('row').count()).toBeGreaterThan(100);
  });

  it('completes a filter as it is typed, from the keyboard', async () => {
    const page = await onTimeline(await open({ open: [trace] }));
    await page.keyboard.press('/');
    await page.keyboard.type('fa');
    await page.getByRole('option', { name: 'fate:' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('lo');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await expect.poll(() => filterField(page).inputValue()).toBe('fate:lost ');
  });

  it('follows a message to its cause and effects, pinned while one steps through them', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    await filterBy(page, 'type:RequestVote term:2');
    await showTable(page, 'Messages');
    await page.getByRole('grid').getByRole('row').nth(1).click();
    await page.keyboard.press('t');
    await page.keyboard.press('c');
    await expect
      .poll(() => page.getByRole('img', { name: /^Timeline/ }).getAttribute('data-followed'))
      .toMatch(/^[1-9]/);
    await page
      .getByTestId('followed')
      .getByText(/sends RequestVote of term 2/)
      .waitFor();
    await page.keyboard.press('Shift+Q');
    await expect.poll(() => said(page)).toMatch(/timer fires/);
    await page.keyboard.press('q');
    await expect.poll(() => said(page)).toMatch(/enters term 2|RequestVote/);
    const before = await cursorOf(page);
    for (let step = 0; step < 6; step++) await page.keyboard.press('j');
    await expect.poll(() => cursorOf(page)).toBeGreaterThanOrEqual(before);
    await page
      .getByTestId('followed')
      .getByText(/sends RequestVote of term 2/)
      .waitFor();
    await page.keyboard.press('z');
    await shoot(window, 'timeline-chain');
    await page.keyboard.press('c');
    await page.getByTestId('followed').waitFor({ state: 'detached' });
  });

  it('follows one log entry on every node, and says what is missing', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    await page.keyboard.press('i');
    await page.getByRole('textbox', { name: 'Index, or index@term' }).fill('9999');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Entry 9999 is not in this trace.').waitFor();
    await page.getByRole('textbox', { name: 'Index, or index@term' }).fill('12');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Entry 12 of term 1' }).waitFor();
    const words = (await steps(page).allTextContents()).join('\n');
    for (const stage of ['created', 'appended', 'durable', 'acknowledged', 'committed', 'applied'])
      expect(words).toContain(stage);
    for (const node of ['n1', 'n2', 'n3']) expect(words).toContain(`${node} applied`);
    await page.keyboard.press('j');
    await page.keyboard.press('z');
    await shoot(window, 'timeline-entry');
    await expectAccessible(page);

    // By a cell of the logs: while the leader is cut off, what it takes goes nowhere.
    await page.keyboard.press('Home');
    await page.keyboard.press('e');
    await expect.poll(() => said(page)).toMatch(/leader of term 1/);
    await page.keyboard.press('e');
    await expect.poll(() => said(page)).toMatch(/leader of term 2/);
    await page.locator('td[title*="of term 1"][title*="not committed"]').last().click();
    await page
      .getByRole('list', { name: 'What never happened' })
      .getByText(/never committed: durable on 1 of 3/)
      .waitFor();
    await page
      .getByText(/never replicated to n\d: .* never came in \(the link is cut\)/)
      .first()
      .waitFor();
    await shoot(window, 'timeline-entry-lost');
  });

  it('follows a message’s entry, and a client’s operation from call to reply with its retries', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    await showTable(page, 'Messages');
    await filterBy(page, 'type:AppendEntries');
    await page
      .getByRole('grid')
      .getByText(/, 1 entry/)
      .first()
      .click();
    await page.getByRole('list', { name: 'Entries that it carries' }).getByRole('button').first().click();
    await page
      .getByTestId('followed')
      .getByText(/^Entry \d+ of term 1/)
      .waitFor();
    await page.keyboard.press('c');
    await page.keyboard.press('0');

    await showTable(page, 'Operations');
    await filterBy(page, '');
    const rows = page.getByRole('grid').getByRole('row');
    await expect.poll(() => rows.count()).toBeGreaterThan(20);
    const slow = await page
      .getByRole('grid')
      .getByText(/after \d{3} ms/)
      .first()
      .textContent();
    const id = /^c\d\/\d+/.exec(slow ?? '')?.[0] ?? '';
    await page.getByRole('grid').getByText(`${id}:`).click();
    await page.getByRole('button', { name: 'Follow from call to reply' }).click();
    await page
      .getByRole('heading', { name: `Operation ${id}` })
      .first()
      .waitFor();
    const words = (await steps(page).allTextContents()).join('\n');
    for (const step of [
      'client called',
      'asked',
      'created',
      'committed',
      'applied',
      'answered',
      'client completed',
    ])
      expect(words).toContain(step);
    expect(words.match(/asked/g)?.length).toBeGreaterThan(1);
    await page.keyboard.press('t');
    await page.keyboard.press('j');
    await shoot(window, 'timeline-operation');
  });

  it('steps by event, message, change of term, election, fault and finding both ways', async () => {
    const page = await onTimeline(await open({ open: [trace] }));
    const stops: [string, RegExp][] = [
      ['w', /enters term 1/],
      ['w', /enters term 2/],
      ['Shift+W', /enters term 1/],
      ['e', /becomes leader of term 1/],
      ['e', /becomes leader of term 2/],
      ['Shift+E', /becomes leader of term 1/],
      ['g', /fault .* begins: partition/],
      ['g', /fault .* begins: kill/],
      ['Shift+G', /fault .* begins: partition/],
      ['f', /two nodes took writes at once/],
      ['Shift+G', /fault .* begins: partition/],
      ['f', /two nodes took writes at once/],
      ['Shift+ArrowRight', /sends \w+ of term/],
      ['Shift+ArrowLeft', /sends \w+ of term/],
    ];
    await page.keyboard.press('Home');
    for (const [key, words] of stops) {
      await page.keyboard.press(key);
      await expect.poll(() => said(page), { message: key }).toMatch(words);
    }
    const before = await cursorOf(page);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => cursorOf(page)).toBeGreaterThanOrEqual(before);
  });

  it('plays forwards and backwards from 1/10,000 to 100 times; topology, logs and inspector follow', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    // Elected at about 0.2 s: before that no log holds anything.
    await page.keyboard.press('Home');
    await page.keyboard.press('e');
    await page.keyboard.press('Shift+C');
    const flights = () => page.getByTestId('topology').getAttribute('data-flights').then(Number);
    for (const [label, key] of [
      ['1/200', 'Space'],
      ['1/200', 'Shift+Space'],
      ['1/10,000', 'Space'],
      ['1/10,000', 'Shift+Space'],
    ] as const) {
      await lens(page, label);
      const from = await cursorOf(page);
      await page.keyboard.press(key);
      await expect.poll(flights, { message: `${label} ${key}` }).toBeGreaterThan(0);
      const way = key === 'Space' ? 1 : -1;
      await expect
        .poll(async () => ((await cursorOf(page)) - from) * way, { message: `${label} ${key}` })
        .toBeGreaterThan(0);
      await page.keyboard.press('Space');
    }

    await page.keyboard.press('Shift+T');
    await lens(page, '1×');
    const logged = () => page.locator('td[title*="entry "]').count();
    const ends = () => page.getByRole('table').filter({ hasText: 'commit' }).first().textContent();
    const here = await ends();
    await page.keyboard.press('Space');
    await expect.poll(logged).toBeGreaterThan(6);
    await expect.poll(ends).not.toBe(here);
    await page.keyboard.press('Shift+Space');
    await expect.poll(() => cursorOf(page), { timeout: 15_000 }).toBe(0);
    await expect.poll(logged).toBe(0);

    await lens(page, '100×');
    await page.keyboard.press('Space');
    await expect.poll(() => cursorOf(page)).toBeCloseTo(4, 1);
    await page.keyboard.press('Shift+Space');
    await expect.poll(() => cursorOf(page)).toBe(0);
  });

  it('keeps bookmarks and notes in the trace file: marked, stepped between, edited, and there again in a copy', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'quorum-lab-copy-'));
    const own = path.join(folder, 'marked.qlab');
    await copyFile(trace, own);
    try {
      const window = await open({ open: [own] });
      const page = await onTimeline(window);
      await page.keyboard.press('Home');
      await page.keyboard.press('g');
      await expect.poll(() => cursorOf(page)).toBeCloseTo(0.8, 3);
      await page.keyboard.press('n');
      await page.getByRole('textbox', { name: 'Title' }).fill('The leader is cut off');
      await page.getByRole('textbox', { name: 'Note' }).fill('It goes on to take writes.');
      await shoot(window, 'bookmark-dialog');
      await page.keyboard.press('Control+Enter');
      const panel = page.getByRole('list', { name: 'Bookmarks' });
      await panel.getByText('It goes on to take writes.').waitFor();
      await expect.poll(() => page.getByTestId('bookmark-flag').count()).toBe(2);
      await page.keyboard.press('End');
      await page.keyboard.press('n');
      await page.getByRole('textbox', { name: 'Title' }).fill('Over');
      await page.keyboard.press('Enter');
      await panel.getByText('Over').waitFor();
      await page.keyboard.press('Shift+V');
      await expect.poll(() => cursorOf(page)).toBeCloseTo(0.8, 3);
      await panel.getByRole('button', { name: 'Edit “Over”' }).click();
      await page.getByRole('textbox', { name: 'Title' }).fill('The end');
      await page.keyboard.press('Enter');
      await panel.getByText('The end').waitFor();
      await shoot(window, 'timeline-bookmarks');
      await expectAccessible(page);

      const copy = path.join(folder, 'sent-to-somebody.qlab');
      // What was opened from elsewhere stays as it was; the copy that the lab keeps has the bookmarks.
      const run = new URL(page.url()).searchParams.get('run') ?? '';
      await copyFile(path.join(window.home, 'foreign', run, 'run.qlab'), copy);
      const other = await onTimeline(await open({ open: [copy] }));
      const there = other.getByRole('list', { name: 'Bookmarks' });
      await there.getByText('The leader is cut off').click();
      await expect.poll(() => cursorOf(other)).toBeCloseTo(0.8, 3);
      await there.getByRole('button', { name: 'Remove “The end”' }).click();
      await expect.poll(() => there.getByRole('listitem').count()).toBe(1);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('goes by a link exactly where it was copied, and says so where the run is not here', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    await page.keyboard.press('Home');
    await page.keyboard.press('w');
    await expect.poll(() => said(page)).toMatch(/enters term 1/);
    await page.keyboard.press('w');
    await expect.poll(() => said(page)).toMatch(/enters term 2/);
    await page.keyboard.press('z');
    await filterBy(page, 'type:RequestVote');
    const moment = await cursorOf(page);
    const shown = await page.getByRole('img', { name: /^Timeline/ }).getAttribute('aria-label');
    await page.keyboard.press('u');
    await expect.poll(() => said(page)).toMatch(/^Copied: quorum-lab:/);
    const link = (await window.electron?.evaluate(({ clipboard }) => clipboard.readText())) ?? '';
    expect(link).toMatch(/^quorum-lab:\/\/run\/.*\/timeline\?at=\d+&select=event/);

    await filterBy(page, '');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Home');
    await page.keyboard.press('0');
    await page.keyboard.press('Shift+H');
    const follow = (argument: string) =>
      window.electron?.evaluate(
        ({ app }, given) => app.emit('second-instance', {}, ['electron', given], '/'),
        argument,
      );
    await follow(link);
    await expect.poll(() => cursorOf(page)).toBe(moment);
    await expect.poll(() => filterField(page).inputValue()).toBe('type:RequestVote');
    await expect
      .poll(() => page.getByRole('img', { name: /^Timeline/ }).getAttribute('aria-label'))
      .toBe(shown);
    await page.getByRole('heading', { name: /enters term 2/ }).waitFor();

    // The address says the same.
    await expect
      .poll(() => new URL(page.url()).searchParams.get('at'))
      .toBe(new URL(link).searchParams.get('at'));
    await page.reload();
    await expect.poll(() => cursorOf(page)).toBe(moment);
    await page.getByRole('heading', { name: /enters term 2/ }).waitFor();

    await follow(link.replace(/run\/[^/]+/, 'run/01890a5d-ac96-774b-bcce-000000000000'));
    await page
      .getByRole('alert')
      .getByText(/There is no run 01890a5d-ac96-774b-bcce-000000000000 here/)
      .waitFor();
    await page.getByRole('button', { name: 'Open its trace file…' }).waitFor();
  });
});

inWindow('desktop', 'a live run', (open) => {
  it('lets an operation of the console be followed, and keeps a bookmark made while it runs', async () => {
    const window = await open();
    const { page } = window;
    await page.getByRole('button', { name: 'Start a 5-node workshop cluster' }).click();
    const box = page
      .getByRole('group', { name: 'Nodes of the cluster' })
      .getByRole('button', { name: /leader/ });
    await box.first().waitFor({ timeout: 20_000 });
    const field = page.getByRole('textbox', { name: 'Key-value command' });
    await field.fill('put lamp on');
    await field.press('Enter');
    await page.getByRole('button', { name: /^Follow operation/ }).click();
    await page
      .getByTestId('followed')
      .getByText(/^Operation /)
      .waitFor();
    await page.getByText('put lamp on: ok').waitFor();
    // What the others learn of it later joins the story while the run goes on.
    for (const node of ['n1', 'n2', 'n3', 'n4', 'n5'])
      await steps(page)
        .filter({ hasText: `${node} applied` })
        .waitFor({ timeout: 10_000 });
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'Title' }).fill('The lamp is on');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Bookmarks' }).getByText('The lamp is on').waitFor();
    await page.getByRole('button', { name: 'Stop run' }).click();
    await page.getByText('REPLAY', { exact: true }).waitFor({ timeout: 20_000 });
    await page.reload();
    await page.getByRole('list', { name: 'Bookmarks' }).getByText('The lamp is on').waitFor();
    await page
      .getByTestId('followed')
      .getByText(/^Operation /)
      .waitFor();
  });
});

inWindow('browser', 'a link', (open) => {
  it('in the address leads a second page to the same moment, selection and filter', async () => {
    const window = await open({ open: [trace] });
    const page = await onTimeline(window);
    await page.keyboard.press('Home');
    await page.keyboard.press('e');
    await expect.poll(() => said(page)).toMatch(/leader of term 1/);
    await filterBy(page, 'type:RequestVoteReply');
    const moment = await cursorOf(page);
    await expect.poll(() => new URL(page.url()).searchParams.get('filter')).toBe('type:RequestVoteReply');
    const second = await page.context().newPage();
    await second.goto(page.url());
    await expect.poll(() => cursorOf(second)).toBe(moment);
    await second.getByRole('heading', { name: /leads term 1/ }).waitFor();
    expect(await filterField(second).inputValue()).toBe('type:RequestVoteReply');
    await second.close();

    // One that was sent by hand.
    await page.keyboard.press('Shift+U');
    await page.getByRole('textbox', { name: 'Link' }).fill('https://example.org');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('This is no link of Quorum Lab').waitFor();
    const run = new URL(page.url()).searchParams.get('run') ?? '';
    await page.getByRole('textbox', { name: 'Link' }).fill(`quorum-lab://run/${run}/timeline?at=1500000000`);
    await page.keyboard.press('Enter');
    await expect.poll(() => cursorOf(page)).toBe(1.5);
  });
});
