import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createChecks } from '../../../src-main/checks/model/checks.ts';
import { RULE_BOOK, RULE_IDS } from '../../../src-main/checks/model/rule-book.ts';
import { EVENT_KINDS } from '../../../src-main/trace/model/events.ts';
import { History } from './history.ts';

const facts = { clientSessions: true };

describe('the checks', () => {
  it('find nothing wrong with a sound run, and have looked at everything that it shows', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').invoke('c1/1', 'put');
    run.write('n1', ['n2', 'n3'], 'no-op', 'c1/1 put x a').answer('n1', 'c1/1', 2).complete('c1/1', 2);
    run.decide(2, 'n2', 'n3').stepDown('n1').elect('n2', 2, 'n3').write('n2', ['n1'], 'no-op');
    run.invoke('c1/2', 'get').complete('c1/2', 3, { read: 'lease', value: 'a' });
    const judged = run.judge();
    expect([judged.broken, judged.unknown]).toEqual([[], []]);
    const idle = judged.rules.filter((rule) => judged.of(rule).checked === 0);
    expect(idle).toEqual(['configuration']);
  });

  it('say the same of events in the order in which they happened as in the order of the trace', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op')
      .sync('n1')
      .copy('n1', 'n2');
    run.atOnce(() => run.sync('n2').commit('n1', 1).apply('n1', 1));
    const checks = createChecks({ facts });
    for (const event of run.events) checks.feed(event);
    checks.finish();
    expect(checks.reports.map(({ verdict }) => verdict)).toEqual(run.judge().rules.map(() => 'holds'));
  });

  it('look at the rules asked for alone, and want only the events that those look at', () => {
    const checks = createChecks({ facts, rules: ['election-safety'] });
    for (const event of new History('n1', 'n2').lead('n1', 1).lead('n2', 1).truncate('n2', 1).events)
      checks.feed(event);
    checks.finish();
    expect(checks.reports).toEqual([
      { rule: 'election-safety', verdict: 'violated', checked: 2, violations: 1 },
    ]);
    expect(
      checks.wants({ kind: 'send', to: 'n1', type: 'RequestVoteReply', term: 1, bytes: 1, body: {} }),
    ).toBe(false);
  });

  it('do not want what makes up most of a trace', () => {
    const { kinds } = createChecks({ facts });
    const frequent = [
      'arrive',
      'deliver',
      'drop',
      'timer-armed',
      'timer-fired',
      'progress',
      'tally',
      'link',
    ] as const;
    expect(EVENT_KINDS.filter((kind) => kinds.has(kind))).not.toEqual(expect.arrayContaining([...frequent]));
    expect(frequent.filter((kind) => kinds.has(kind))).toEqual([]);
  });

  it('refuse to judge what the run does not promise', () => {
    expect(() => createChecks({ facts: { clientSessions: false }, rules: ['exactly-once'] })).toThrow(
      'The rule exactly-once needs client sessions, and they are off',
    );
  });

  it('keep the first findings of a rule and count the rest', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').create('n1', 'no-op', 'c1/1 put x a');
    for (let at = 0; at < 40; at++) run.truncate('n1', 2).create('n1', `c1/${at + 2} put x a`);
    const judged = run.judge();
    expect(judged.of('leader-append-only').violations).toBe(40);
    expect(judged.findings('leader-append-only')).toHaveLength(16);
  });

  it('turn every verdict that depends on a node into unknown when some of its events are missing', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').lose('n1').restart('n1');
    expect(run.judge().unknown).toEqual(run.judge().rules);
    expect(new History('n1').lose('lab').judge().unknown).toEqual([]);
  });

  it('trust a node again once a restart has told what it holds', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op')
      .lose('n1')
      .restart('n1');
    run.elect('n1', 2, 'n2').create('n1', 'no-op').truncate('n1', 1);
    expect(run.judge().verdict('leader-append-only')).toBe('violated');
  });
});

describe('the page on checks', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../resources/docs/checks.md'), 'utf8');

  it.each(RULE_IDS)('explains %s in the words of the rule book', (id) => {
    const { name, says, source } = RULE_BOOK[id];
    expect(page).toContain(`### ${name}`);
    const section = page.slice(page.indexOf(`### ${name}`)).replaceAll(/\s+/g, ' ');
    expect(section).toContain(`\`${id}\``);
    expect(section).toContain(says);
    expect(section).toContain(source);
  });
});
