/** Whether a run was as its scenario expects. */
import type { AuditResult } from '../cluster/audit.ts';
import { describeConfiguration, isJoint, isMember } from '../consensus/raft/configuration.ts';
import type { Configuration, NodeId } from '../consensus/replica.ts';
import type { ElectionRow } from '../trace/model/queries.ts';
import type { Expectation } from './scenario.ts';

export interface MetExpectation {
  text: string;
  met: boolean;
  measured: string;
}

export interface Outcome {
  readonly elections: readonly ElectionRow[];
  /** What the disks held when all was over. */
  readonly audit: AuditResult;
  /** At the end of the steps. */
  readonly leader: NodeId | undefined;
  /** The step that could not be done, and why. */
  readonly failure: string | null;
}

export function meet(expectation: Expectation, outcome: Outcome): MetExpectation {
  const { newLeaderWithin, leader, configuration, logCompacted } = expectation;
  if (newLeaderWithin !== undefined) return meetNewLeader(newLeaderWithin, outcome.elections);
  if (leader !== undefined) return meetLeader(leader, outcome.leader);
  if (configuration !== undefined) return meetConfiguration(configuration, outcome.audit.configuration);
  if (logCompacted !== undefined) return meetCompacted(outcome.audit);
  const lost = outcome.audit.lost.length;
  return { text: 'no acknowledged write lost', met: lost === 0, measured: `${lost} lost` };
}

function meetNewLeader(withinMs: number, elections: readonly ElectionRow[]): MetExpectation {
  const text = `a new leader within ${withinMs} ms of losing the old one`;
  const replacements = elections.flatMap((election) =>
    election.lostNs === null ? [] : [(election.electedNs - election.lostNs) / 1e6],
  );
  if (replacements.length === 0) return { text, met: false, measured: 'no leader was replaced' };
  const slowest = Math.max(...replacements);
  return { text, met: slowest <= withinMs, measured: `${slowest.toFixed(1)} ms` };
}

function meetLeader(expected: string, leader: NodeId | undefined): MetExpectation {
  const met = leader !== undefined && (expected === 'any' || expected === leader);
  const text = expected === 'any' ? 'a leader at the end' : `${expected} leads at the end`;
  return { text, met, measured: leader === undefined ? 'nobody leads' : `${leader} leads` };
}

function meetConfiguration(
  expected: { readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] },
  found: Configuration,
): MetExpectation {
  const { voters, learners } = expected;
  const wanted = {
    ...found,
    voters: [...voters].sort(),
    learners: [...learners].sort(),
    outgoing: [],
    learnersNext: [],
  };
  const measured = describeConfiguration(found);
  const described = describeConfiguration(wanted);
  return {
    text: `the voters at the end: ${described}`,
    met: !isJoint(found) && measured === described,
    measured,
  };
}

function meetCompacted({ configuration, disks }: AuditResult): MetExpectation {
  const members = disks.filter(({ node }) => isMember(configuration, node));
  const whole = members.filter(({ snapshot, compacted }) => snapshot === null || compacted === 0);
  const text = 'every member compacted its log behind a snapshot';
  if (whole.length > 0) {
    return { text, met: false, measured: `${whole.map(({ node }) => node).join(', ')} did not` };
  }
  const first = members.map(({ node, compacted, last }) => `${node} ${compacted + 1}–${last}`).join(', ');
  return { text, met: members.length > 0, measured: `logs hold ${first}` };
}
