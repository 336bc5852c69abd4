/** Which configuration is committed, as far as a snapshot of the recording shows. */
import { isJoint } from '../consensus/raft/configuration.ts';
import type { Configuration, MembershipChange, OperatorInput } from '../consensus/replica.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';

export type Transition = Extract<OperatorInput, { kind: 'change-membership' }>['transition'];

/** The newest configuration that some node knows to be committed. */
export function committedConfiguration(snapshot: LiveSnapshot | undefined): Configuration | undefined {
  let newest: { index: number; configuration: Configuration } | undefined;
  for (const { configuration: known } of snapshot?.state.nodes ?? []) {
    // A node that came up again says neither which entry brought it nor whether it is committed, unless it is not yet.
    if (known === null || known.committed === false) continue;
    // That of a node that has not been told yet.
    if (known.configuration.voters.length === 0) continue;
    const index = known.index ?? -1;
    if (newest === undefined || index > newest.index) newest = { index, configuration: known.configuration };
  }
  return newest?.configuration;
}

/** Whether these changes have been made. */
export function isMade(
  configuration: Configuration,
  changes: readonly MembershipChange[],
  transition: Transition,
): boolean {
  if (isJoint(configuration) && transition !== 'joint-explicit') return false;
  const { voters, learners, learnersNext } = configuration;
  return changes.every(({ kind, node }) => {
    if (kind === 'add-voter') return voters.includes(node);
    const listens = learners.includes(node) || learnersNext.includes(node);
    return kind === 'add-learner' ? listens : !voters.includes(node) && !listens;
  });
}
