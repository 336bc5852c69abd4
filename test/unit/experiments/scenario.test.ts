import { describe, expect, it } from 'vitest';
import { parseScenario, shippedScenarios } from '../../../src-main/experiments/scenario.ts';

const head = `format: quorum-lab/scenario
version: 1
title: A test
cluster: { nodes: 3, profile: raft-paper }
`;
const firstStep = head.split('\n').length + 1;

/** A scenario of three nodes with these steps, one a line. */
function withSteps(...steps: string[]): string {
  return `${head}steps:\n${[...steps, 'end: run'].map((step) => `  - { ${step} }\n`).join('')}`;
}

const parse = (text: string) => parseScenario('a.yaml', text);

describe('a step', () => {
  it('names one node or several', () => {
    const { steps } = parse(
      withSteps('add: { node: n4 }', 'add: [{ node: n5, as: voter }]', 'promote: n4', 'remove: [n1, n2]'),
    );
    expect(steps).toMatchObject([
      { add: [{ node: 'n4', as: 'learner' }] },
      { add: [{ node: 'n5', as: 'voter' }] },
      { promote: ['n4'] },
      { remove: ['n1', 'n2'] },
      { end: 'run' },
    ]);
  });

  it('may change several things about the membership at once', () => {
    const together = 'add: { node: n4, as: voter }, remove: n1, demote: n2, transition: joint-explicit';
    expect(parse(withSteps(together, 'leave: joint')).steps).toHaveLength(3);
  });

  it.each([
    ['kill: n1, promote: n2', 'a step does exactly one of kill, pause'],
    ['after: 1s', 'a step does exactly one of'],
    ['transfer: n1, transition: joint', 'a transition belongs to a change of membership'],
    ['wait: { leader: any, operations: 5 }', 'waits for exactly one of'],
    ['wait: {}', 'waits for exactly one of'],
    ['add: n4', 'a node to add is a record such as'],
    ['add: { node: n10 }', 'a node is n1 to n9'],
    ['add: { node: n4, as: king }', 'a node joins as learner or as voter'],
    ['transfer: leader', 'who takes over is follower or a node'],
    ['promote: []', 'at least one'],
    ['within: 5, snapshot: all', 'is no duration'],
  ])('%s is refused', (step, sentence) => {
    expect(() => parse(withSteps(step))).toThrow(sentence);
  });
});

describe('a membership that cannot be', () => {
  it.each([
    ['the removal of every voter', ['remove: [n1, n2, n3]'], 'remove', /the last voter would be gone/],
    [
      'the removal of all but learners',
      ['demote: [n1, n2]', 'remove: n3'],
      'remove',
      /the last voter would be/,
    ],
    ['one node as two', ['add: [{ node: n4, as: voter }, { node: n4 }]'], 'add', /two changes concern n4/],
    ['a voter and learner', ['promote: n2, demote: n2'], 'promote', /two changes concern n2/],
    ['the promotion of a voter', ['promote: n2'], 'promote', /n2 is a voter already/],
    ['the demotion of a learner', ['demote: n2', 'demote: n2'], 'demote', /n2 is a learner already/],
    ['the addition of a node that is there', ['add: { node: n2 }'], 'add', /there is a node n2 already/],
    ['a node that is not there', ['promote: n7'], 'promote', /there is no node n7 in a cluster of 3/],
    [
      'a node that was removed',
      ['remove: n3', 'kill: n3'],
      'kill',
      /there is no node n3 in the cluster at this step, which has n1, n2/,
    ],
    [
      'a removed node as a voter',
      ['remove: n3', 'add: { node: n3, as: voter }'],
      'add',
      /n3 was removed and comes back on another disk.*add it as a learner and promote it/,
    ],
    [
      'a leader without a vote',
      ['add: { node: n4 }', 'transfer: n4'],
      'transfer',
      /n4 has no vote.*promote it/,
    ],
    [
      'two voters in one simple change',
      ['remove: [n1, n2], transition: simple'],
      'remove',
      /2 voters would change at once/,
    ],
    [
      'a change of a joint configuration',
      ['remove: n1, transition: joint-explicit', 'remove: n2'],
      'remove',
      /the configuration is joint \(n1 n2 n3 → n2 n3\): leave that first/,
    ],
    ['leaving what is not joint', ['leave: joint'], 'leave', /the configuration is not joint/],
    ['the replacement of the only voter', ['remove: [n2, n3]', 'replace: n1'], 'replace', /the last voter/],
  ])('%s is refused with its line and column', (_what, steps, field, sentence) => {
    const line = firstStep + steps.length - 1;
    const last = `  - { ${steps.at(-1) ?? ''} }`;
    const valueAt = last.indexOf(`${field}: `) + field.length + 3;
    expect(() => parse(withSteps(...steps))).toThrow(sentence);
    expect(() => parse(withSteps(...steps))).toThrow(`a.yaml:${line}:${valueAt}: `);
  });

  it('is not looked for where a step leaves open whom it concerns', () => {
    expect(parse(withSteps('remove: leader', 'remove: n1', 'promote: n2')).steps).toHaveLength(4);
    expect(() => parse(withSteps('remove: leader', 'promote: n7'))).toThrow('there is no node n7');
  });

  it('is refused as an expectation too', () => {
    const both = `${withSteps('heal: all')}expect:\n  - configuration: { voters: [n1, n2], learners: [n2] }\n`;
    expect(() => parse(both)).toThrow(/a\.yaml:\d+:\d+: n2 is both voter and learner in expect/);
    const nobody = `${withSteps('heal: all')}expect:\n  - configuration: { voters: [] }\n`;
    expect(() => parse(nobody)).toThrow('somebody must have a vote');
  });
});

describe('options of a scenario', () => {
  const with_ = (options: string) =>
    withSteps('heal: all').replace('profile: raft-paper', `profile: raft-paper, options: { ${options} }`);

  it('are refused where they make a lease unsafe, at the option', () => {
    const text = with_('preVote: true, reads: lease');
    const column = (text.split('\n')[3] ?? '').indexOf('lease') + 1;
    expect(() => parse(text)).toThrow(`a.yaml:4:${column}: reads is lease, but checkQuorum is off`);
    expect(parse(with_('checkQuorum: true, reads: lease')).cluster.options.reads).toBe('lease');
  });

  it.each([
    ['preVote: 1', 'true or false in cluster.options.preVote'],
    ['maxInflightMessages: 0', 'a number of messages from 1 to 100000'],
    ['clockDriftBound: 0.5', 'at most 0.4'],
    ['priorities: { leader: 1 }', 'priorities'],
    ['electionTimeoutMs: { min: 400 }', 'electionTimeoutMs.max must be at least electionTimeoutMs.min (400)'],
  ])('%s is refused', (options, sentence) => {
    expect(() => parse(with_(options))).toThrow(sentence);
  });
});

describe('shipped scenarios', () => {
  it('can all be read', () => {
    expect(shippedScenarios().map(({ name }) => name)).toContain('membership');
  });
});
