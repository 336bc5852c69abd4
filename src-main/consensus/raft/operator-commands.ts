/** What an operator may ask of a replica by hand. */
import type { OperatorInput } from '../replica.ts';
import { campaign } from './election.ts';
import { changeMembership, leaveJointByHand } from './membership.ts';
import { changeLeader } from './roles.ts';
import { snapshotByHand } from './snapshot.ts';
import { refuse, whoLeads, type RaftState } from './state.ts';
import { promiseToLeader, transferLeadership } from './transfer.ts';

/** Does what somebody asks for, or says why not. */
export function obeyOperator(raft: RaftState, command: OperatorInput): void {
  switch (command.kind) {
    case 'campaign':
      campaignByHand(raft);
      return;
    case 'transfer-leadership':
      transferLeadership(raft, command.to);
      return;
    case 'change-membership':
      changeMembership(raft, command.changes, command.transition);
      return;
    case 'leave-joint':
      leaveJointByHand(raft);
      return;
    case 'snapshot':
      snapshotByHand(raft);
      return;
    case 'forget-leader':
      forgetLeader(raft);
  }
}

function campaignByHand(raft: RaftState): void {
  const refusal =
    raft.role === 'leader' ? `${raft.id} leads term ${raft.term} already` : promiseToLeader(raft);
  if (refusal !== undefined) {
    refuse(raft, 'campaign', raft.id, refusal);
    return;
  }
  // Who is told to replace its leader is not loyal to it: a quorum of such servers elects another (etcd-io/raft).
  raft.leaderHeardAt = -Infinity;
  campaign(raft, 'an operator asked for an election');
}

/** So that a quorum of followers that know their leader to be gone can elect another at once (etcd-io/raft). */
function forgetLeader(raft: RaftState): void {
  const refusal =
    raft.role === 'leader'
      ? `${raft.id} leads term ${raft.term}`
      : raft.leader === null
        ? whoLeads(raft)
        : promiseToLeader(raft);
  if (refusal !== undefined) {
    refuse(raft, 'forget-leader', raft.id, refusal);
    return;
  }
  raft.leaderHeardAt = -Infinity;
  changeLeader(raft, null);
}
