/** Walks through a scenario's steps before anything runs: who would be there, who would take part, and what could not be done. */
import {
  changeConfiguration,
  isRefused,
  isVoter,
  leaveJoint,
  votersOnly,
  type Changed,
} from '../consensus/raft/configuration.ts';
import type { Configuration, MembershipChange, NodeId } from '../consensus/replica.ts';
import { CHANGES, changesMembership, type ScenarioStep } from './scenario-step.ts';

/** What is wrong, and the field of the step that says so. */
export interface StepFlaw {
  readonly step: number;
  readonly field: string;
  readonly message: string;
}

/** The first step that cannot be done, if there is one. */
export function flawOfSteps(nodes: number, steps: readonly ScenarioStep[]): StepFlaw | undefined {
  const course = new Course(nodes);
  for (const [position, step] of steps.entries()) {
    const flaw = course.take(step);
    if (flaw !== undefined) return { step: position, ...flaw };
  }
  return undefined;
}

type Flaw = Omit<StepFlaw, 'step'>;

const NAMING = [
  'kill',
  'pause',
  'resume',
  'restart',
  'stop',
  'replace',
  'transfer',
  'snapshot',
  'campaign',
] as const;

class Course {
  readonly #first: number;
  readonly #present: Set<NodeId>;
  readonly #removed = new Set<NodeId>();
  /** undefined once a step leaves open whom it concerns. */
  #configuration: Configuration | undefined;

  constructor(nodes: number) {
    this.#first = nodes;
    const first = Array.from({ length: nodes }, (_, position) => `n${position + 1}`);
    this.#present = new Set(first);
    this.#configuration = votersOnly(first);
  }

  take(step: ScenarioStep): Flaw | undefined {
    return this.#flawOfNames(step) ?? this.#flawOfRoles(step) ?? this.#change(step);
  }

  #flawOfNames(step: ScenarioStep): Flaw | undefined {
    const { forgetLeader, wait, promote = [], demote = [], remove = [], add = [] } = step;
    const named: [field: string, name: string | undefined][] = [
      ...NAMING.map((field): [string, string | undefined] => [field, step[field]]),
      ['forgetLeader', forgetLeader],
      ['wait', wait?.caughtUp],
      ['wait', wait?.compacted],
      ['wait', wait?.leader],
      ...promote.map((name): [string, string] => ['promote', name]),
      ...demote.map((name): [string, string] => ['demote', name]),
      ...remove.map((name): [string, string] => ['remove', name]),
    ];
    for (const [field, name] of named) {
      if (name === undefined || !/^n\d$/.test(name) || this.#present.has(name)) continue;
      return { field, message: `there is no node ${name} in ${this.#described()}` };
    }
    const known = add.find(({ node }) => this.#present.has(node));
    if (known === undefined) return undefined;
    return {
      field: 'add',
      message: `there is a node ${known.node} already; add one of another name, or promote or demote this one`,
    };
  }

  #described(): string {
    const names = [...this.#present].sort();
    const atFirst = this.#removed.size === 0 && names.length === this.#first;
    return atFirst
      ? `a cluster of ${this.#first}`
      : `the cluster at this step, which has ${names.join(', ')}`;
  }

  #flawOfRoles({ add = [], transfer }: ScenarioStep): Flaw | undefined {
    const back = add.find(({ node, as }) => as === 'voter' && this.#removed.has(node));
    if (back !== undefined) {
      return {
        field: 'add',
        message: `${back.node} was removed and comes back on another disk, without what it promised on the old one: add it as a learner and promote it`,
      };
    }
    const configuration = this.#configuration;
    if (configuration === undefined || transfer === undefined || transfer === 'follower') return undefined;
    if (isVoter(configuration, transfer)) return undefined;
    return {
      field: 'transfer',
      message: `${transfer} has no vote at this step, so it cannot lead; promote it first`,
    };
  }

  #change(step: ScenarioStep): Flaw | undefined {
    const { add = [], remove = [], replace, leave, transition } = step;
    for (const { node } of add) this.#present.add(node);
    const isOpen = [...remove, ...(step.demote ?? [])].some(
      (name) => name === 'leader' || name === 'follower',
    );
    const before = this.#configuration;
    if (isOpen || before === undefined) {
      if (isOpen) this.#configuration = undefined;
      this.#depart(remove);
      return undefined;
    }
    if (leave !== undefined) return this.#settle(leaveJoint(before), 'leave');
    if (replace !== undefined) {
      const gone = changeConfiguration(before, [{ kind: 'remove', node: replace }], 'auto');
      if (isRefused(gone)) return { field: 'replace', message: gone.refusal };
      const back: MembershipChange = { kind: 'add-learner', node: replace };
      return this.#settle(changeConfiguration(gone.configuration, [back], 'auto'), 'replace');
    }
    if (!changesMembership(step)) return undefined;
    const changed = changeConfiguration(before, changesOf(step), transition ?? 'auto');
    const flaw = this.#settle(changed, fieldOf(step, isRefused(changed) ? changed.refusal : ''));
    if (flaw === undefined) this.#depart(remove);
    return flaw;
  }

  #settle(changed: Changed, field: string): Flaw | undefined {
    if (isRefused(changed)) return { field, message: changed.refusal };
    const { configuration } = changed;
    const left = configuration.autoLeave ? leaveJoint(configuration) : changed;
    this.#configuration = isRefused(left) ? configuration : left.configuration;
    return undefined;
  }

  #depart(names: readonly string[]): void {
    for (const name of names) {
      if (this.#present.delete(name)) this.#removed.add(name);
    }
  }
}

function changesOf({ add = [], promote = [], demote = [], remove = [] }: ScenarioStep): MembershipChange[] {
  return [
    ...add.map(({ node, as }): MembershipChange => ({
      kind: as === 'voter' ? 'add-voter' : 'add-learner',
      node,
    })),
    ...promote.map((node): MembershipChange => ({ kind: 'add-voter', node })),
    ...demote.map((node): MembershipChange => ({ kind: 'add-learner', node })),
    ...remove.map((node): MembershipChange => ({ kind: 'remove', node })),
  ];
}

/** The field with the node that a refusal speaks of; else the first. */
function fieldOf(step: ScenarioStep, refusal: string): string {
  const given = CHANGES.filter((change) => step[change] !== undefined);
  const speaksOf = (name: string) => new RegExp(`\\b${name}\\b`).test(refusal);
  const blamed = given.find((change) =>
    step[change]?.some((each) => speaksOf(typeof each === 'string' ? each : each.node)),
  );
  return blamed ?? given.at(-1) ?? 'transition';
}
