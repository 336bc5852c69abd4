/**
 * What a schedule needs so that a planted bug has a chance to show (the column "needs" of the list of bugs): options that do not
 * hide it, and the faults that bring it out.
 */
import type { RaftOptions } from '../../consensus/raft/options.ts';
import { RAFT_BUGS, type RaftBug } from '../../consensus/raft/planted-bugs.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { FaultKind, FaultSetting } from './draw-faults.ts';
import type { Action, Environment, Rest } from './schedule.ts';

/** `retry-applies-twice` is one of the state machine, the others are Raft's. */
export type Bug = RaftBug | 'retry-applies-twice';

export const BUGS: readonly Bug[] = [...RAFT_BUGS, 'retry-applies-twice'];

export interface Bias {
  /** Voters of the first configuration. */
  readonly nodes?: readonly number[];
  readonly options?: Partial<RaftOptions>;
  readonly environment?: Partial<Environment>;
  readonly weights?: Partial<Readonly<Record<FaultKind, number>>>;
  readonly actionsMax?: number;
  /** How long faults act, in times of the longest election timeout. */
  readonly timeouts?: number;
  readonly rest?: Rest;
  /** Faults that belong together, besides those drawn. */
  readonly pattern?: (setting: FaultSetting, chaosNs: Nanoseconds) => readonly Action[];
}

export function biasOf(bug: Bug): Bias {
  return BIASES[bug] ?? {};
}

const BIASES: Partial<Readonly<Record<Bug, Bias>>> = {};
