/** Faults that belong together: the stories behind well-known bugs, told with some freedom in when and to whom. */
import type { Nanoseconds } from '../../trace/model/events.ts';
import { between, type FaultSetting } from './draw-faults.ts';
import type { Action, Command, NodeRef } from './schedule.ts';

type Group = readonly NodeRef[];

/** Tells a story: each thing happens some time after the one before. */
class Story {
  readonly actions: Action[] = [];
  readonly #setting: FaultSetting;
  #atNs: Nanoseconds;

  constructor(setting: FaultSetting) {
    this.#setting = setting;
    this.#atNs = this.#time(0.05, 0.2);
  }

  /** Lets `min` to `max` times the longest election timeout go by. */
  wait(min: number, max: number): this {
    this.#atNs += this.#time(min, max);
    return this;
  }

  /** Those of different groups hear nothing of each other, for `min` to `max` times that timeout. */
  part(groups: readonly Group[], min: number, max: number): this {
    const cuts = groups.flatMap((group, at) =>
      groups.slice(at + 1).flatMap((other) => between(group, other)),
    );
    return this.#add({
      atNs: this.#atNs,
      kind: 'partition',
      shape: 'split',
      cuts,
      forNs: this.#time(min, max),
    });
  }

  kill(node: NodeRef, power: boolean, min: number, max: number): this {
    return this.#add({ atNs: this.#atNs, kind: 'kill', node, power, downNs: this.#time(min, max) });
  }

  /** The power fails at its `nth` write from now. */
  failAtWrite(node: NodeRef, nth: number, min: number, max: number): this {
    const downNs = this.#time(min, max);
    return this.#add({ atNs: this.#atNs, kind: 'kill', node, power: true, point: 'write', nth, downNs });
  }

  wipe(node: NodeRef, min: number, max: number): this {
    return this.#add({ atNs: this.#atNs, kind: 'wipe', node, downNs: this.#time(min, max) });
  }

  pause(node: NodeRef, min: number, max: number): this {
    return this.#add({ atNs: this.#atNs, kind: 'pause', node, forNs: this.#time(min, max) });
  }

  join(node: NodeRef): this {
    return this.#add({ atNs: this.#atNs, kind: 'join', node });
  }

  ask(command: Command): this {
    return this.#add({ atNs: this.#atNs, kind: 'operator', command });
  }

  campaign(node: NodeRef): this {
    return this.ask({ kind: 'campaign', node });
  }

  #add(action: Action): this {
    this.actions.push(action);
    return this;
  }

  #time(min: number, max: number): Nanoseconds {
    return Math.round(this.#setting.timeoutNs * this.#setting.dice.between(min, max));
  }
}

/**
 * Figure 8 of the paper. n1 leads and reaches n2 alone; n5 leads without reaching anybody; n1 leads again and brings its old entry to
 * n3, a majority; n5 comes back with the newer term in its log.
 */
export function figure8(setting: FaultSetting): Action[] {
  const story = new Story(setting).campaign('n1').wait(0.3, 0.8);
  story
    .part(
      [
        ['n1', 'n2'],
        ['n3', 'n4', 'n5'],
      ],
      0.4,
      0.7,
    )
    .wait(0.3, 0.5);
  story
    .kill('n1', false, 0.7, 1)
    .part([['n2'], ['n3', 'n4', 'n5']], 0.6, 0.9)
    .wait(0.05, 0.15);
  story.campaign('n5').wait(0.08, 0.2);
  story.part([['n5'], ['n1', 'n2', 'n3', 'n4']], 3, 4).wait(0.2, 0.5);
  story.kill('n5', false, 1, 2).wait(0.1, 0.5);
  story
    .part([['n4'], ['n1', 'n2', 'n3']], 0.8, 1.5)
    .campaign('n1')
    .wait(0.1, 0.25);
  story
    .part([['n1'], ['n2', 'n3', 'n4']], 2, 3)
    .kill('n1', false, 2, 3)
    .wait(0.1, 0.4);
  return story.campaign('n5').wait(0.2, 0.5).campaign('n5').actions;
}

/** Nobody leads; whoever votes loses power before the vote is written, and is back while others still ask. */
export function interruptedVotes(setting: FaultSetting): Action[] {
  const story = new Story(setting).wait(1.2, 2);
  for (let round = 0; round < 3; round++) {
    story.kill('@0', false, 2, 3);
    for (const node of setting.everybody.slice(1)) story.failAtWrite(node, 1, 0.005, 0.03);
    story.wait(2, 3);
  }
  return story.actions;
}

/** Several stand for election at once, and what they say is slow to arrive. */
export function rivalCandidates(setting: FaultSetting): Action[] {
  const { dice, everybody, timeoutNs } = setting;
  const story = new Story(setting).wait(1.2, 2);
  const links = everybody.flatMap((from) =>
    everybody.filter((to) => to !== from).map((to) => [from, to] as const),
  );
  const max = Math.round(timeoutNs * dice.between(0.1, 0.3));
  const quality = { delayNs: { min: 0, max }, loss: 0, duplicate: 0, straggle: 0.5 };
  story.actions.push({ atNs: 0, kind: 'links', links, quality, forNs: 8 * timeoutNs });
  for (let round = 0; round < 3; round++) {
    story.kill('@0', false, 1, 2).wait(0.3, 0.8);
    for (const node of dice.sample(everybody, 3)) story.campaign(node);
    story.wait(1.5, 2.5);
  }
  return story.actions;
}

/**
 * The bug of single-server changes (Ongaro, raft-dev, 2015-07-10). n1 adds n5 and reaches it alone; n2 leads and removes n1, which n2 and
 * n3 decide; n1 comes back and wins with n4 and n5.
 */
export function competingChanges(setting: FaultSetting): Action[] {
  const story = new Story(setting).campaign('n1').join('n5').wait(0.5, 1);
  story
    .part(
      [
        ['n1', 'n5'],
        ['n2', 'n3', 'n4'],
      ],
      2,
      3,
    )
    .wait(0.02, 0.1);
  story.ask({
    kind: 'change-membership',
    changes: [{ kind: 'add-voter', node: 'n5' }],
    transition: 'simple',
  });
  story.wait(0.3, 0.6).campaign('n2').wait(0.1, 0.3);
  story.part([['n4'], ['n2', 'n3']], 2, 3).wait(0.01, 0.05);
  story.ask({ kind: 'change-membership', changes: [{ kind: 'remove', node: 'n1' }], transition: 'simple' });
  return story.wait(1, 2).campaign('n1').wait(0.3, 0.6).campaign('n1').actions;
}

/** n1 leads alone and has a long log; the others go through terms in which nothing is written. */
export function leftBehindWithLongLog(setting: FaultSetting): Action[] {
  const story = new Story(setting).campaign('n1').wait(0.3, 1.5);
  story.part([['n1'], ['n2', 'n3']], 20, 20).wait(0.8, 1.5);
  for (let round = 0; round < 3; round++)
    story.ask({ kind: 'transfer-leadership', to: setting.dice.pick(['n2', 'n3']) }).wait(0.2, 0.5);
  return story.actions;
}

/** Who led is cut off, or stopped, while another one leads and takes writes. */
export function readsAtOldLeader(setting: FaultSetting): Action[] {
  const { everybody } = setting;
  const [leader = '@0', ...others] = everybody;
  const story = new Story(setting).wait(1, 2);
  for (let round = 0; round < 2; round++)
    story
      .part([[leader], others], 2, 3)
      .wait(0.3, 0.6)
      .campaign('@1')
      .wait(2, 3);
  return story.actions;
}

/** n3 misses what n1 and n2 decide; then n2 loses its disk, and n2 and n3 are among themselves. */
export function wipedVoter(setting: FaultSetting): Action[] {
  const { dice, everybody } = setting;
  const rest = everybody.length === 3 ? ['n3'] : ['n3', 'n4'];
  const deciding = everybody.length === 3 ? ['n1', 'n2'] : ['n1', 'n2', 'n5'];
  const story = new Story(setting).campaign('n1').wait(0.3, 1);
  story.part([rest, deciding], 0.8, 1.2).wait(0.5, 0.8);
  story.wipe('n2', 0.02, 0.1).part(
    [
      ['n1', 'n5'],
      ['n2', ...rest],
    ],
    3,
    4,
  );
  return story.wait(0.5, 1).campaign(dice.pick(rest)).actions;
}
