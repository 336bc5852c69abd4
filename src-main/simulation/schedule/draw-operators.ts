/** What operators do: membership changes in all forms, often several that belong together, and single commands. */
import type { NodeId } from '../../consensus/replica.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import { duration, drawNode, type FaultSetting } from './draw-faults.ts';
import type { Action, Change, Command } from './schedule.ts';

type Form =
  'learner-then-voter' | 'voter' | 'shrink' | 'demote' | 'replace' | 'replace-leader' | 'swap' | 'wrong';

type Transition = 'auto' | 'simple' | 'joint' | 'joint-explicit';

/** Actions that change who takes part, the first at `atNs`. `spare` names a node that is in no configuration. */
export function drawMembership(setting: FaultSetting, atNs: Nanoseconds, spare: NodeId): Action[] {
  const { dice, everybody } = setting;
  const form = dice.weighted<Form>({
    'learner-then-voter': 2,
    voter: 2,
    shrink: everybody.length > 2 ? 2 : 0,
    demote: everybody.length > 2 ? 1.5 : 0,
    replace: 2,
    'replace-leader': 1,
    swap: everybody.length > 3 ? 1 : 0,
    wrong: 0.5,
  });
  const later = (): Nanoseconds => (atNs += duration(setting, 0.1, 0.8));
  const join: Action = { atNs, kind: 'join', node: spare };
  const victim = drawNode(setting, 0.3);
  switch (form) {
    case 'learner-then-voter':
      return [
        join,
        change(later(), [{ kind: 'add-learner', node: spare }], 'auto'),
        ...changes(setting, later(), [{ kind: 'add-voter', node: spare }]),
      ];
    case 'voter':
      return [join, ...changes(setting, later(), [{ kind: 'add-voter', node: spare }])];
    case 'shrink':
      return changes(setting, atNs, [{ kind: 'remove', node: victim }]);
    case 'demote':
      return [
        ...changes(setting, atNs, [{ kind: 'add-learner', node: victim }]),
        ...changes(setting, later(), [{ kind: 'add-voter', node: victim }]),
      ];
    case 'replace':
      return [
        join,
        ...changes(setting, later(), [
          { kind: 'add-voter', node: spare },
          { kind: 'remove', node: victim },
        ]),
      ];
    case 'replace-leader':
      return [
        join,
        ...changes(setting, later(), [
          { kind: 'add-voter', node: spare },
          { kind: 'remove', node: '@0' },
        ]),
      ];
    case 'swap': {
      const [first = '@1', second = '@2'] = dice.sample(everybody, 2);
      return [
        ...changes(setting, atNs, [{ kind: 'add-learner', node: first }]),
        ...changes(setting, later(), [
          { kind: 'add-voter', node: first },
          { kind: 'add-learner', node: second },
        ]),
      ];
    }
    case 'wrong':
      return changes(
        setting,
        atNs,
        everybody.map((node) => ({ kind: 'remove', node })),
      );
  }
}

function changes(setting: FaultSetting, atNs: Nanoseconds, list: readonly Change[]): Action[] {
  const { dice } = setting;
  const transition = dice.weighted<Transition>({ auto: 3, simple: 1, joint: 2, 'joint-explicit': 1 });
  const first = change(atNs, list, transition);
  if (transition !== 'joint-explicit') return [first];
  return [first, operator(atNs + duration(setting, 0.2, 1.5), { kind: 'leave-joint' })];
}

function change(atNs: Nanoseconds, list: readonly Change[], transition: Transition): Action {
  return operator(atNs, { kind: 'change-membership', changes: list, transition });
}

/**
 * A disk is replaced by an empty one: the node may come back only as a learner, so an operator removes it, adds it as one and
 * promotes it.
 */
export function drawWipe(setting: FaultSetting, atNs: Nanoseconds, node: NodeId): Action[] {
  const { dice } = setting;
  const wipe: Action = { atNs, kind: 'wipe', node, downNs: duration(setting, 0.05, 1) };
  const later = (): Nanoseconds => (atNs += duration(setting, 0.3, 1));
  if (dice.chance(0.3)) return [wipe];
  return [
    wipe,
    change(later(), [{ kind: 'remove', node }], 'auto'),
    change(later(), [{ kind: 'add-learner', node }], 'auto'),
    change(later(), [{ kind: 'add-voter', node }], 'auto'),
  ];
}

export function drawCommand(setting: FaultSetting, atNs: Nanoseconds): Action {
  const { dice, everybody } = setting;
  const kind = dice.weighted({ 'transfer-leadership': 3, campaign: 2, snapshot: 2, 'forget-leader': 1 });
  const node = drawNode(setting, kind === 'snapshot' ? 0.5 : 0);
  if (kind !== 'transfer-leadership') return operator(atNs, { kind, node });
  return operator(atNs, { kind, to: dice.pick(everybody) });
}

function operator(atNs: Nanoseconds, command: Command): Action {
  return { atNs, kind: 'operator', command };
}
