import type { Configuration, LogIndex, NodeId, Term } from '../../../consensus/replica.ts';
import type { NodeFacts } from '../cluster.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { UNKNOWN_TERM } from '../log-runs.ts';
import { isKnown } from '../rule.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

/** What a leader has committed at this moment. */
interface Commit {
  readonly leader: NodeId;
  readonly leaderTerm: Term;
  readonly index: LogIndex;
  readonly term: Term;
  readonly configuration: Configuration;
  readonly at: EventRef;
}

type Half = 'outgoing' | 'voters';

/**
 * When the commit index of a leader rises, a quorum of the configuration in force there has synced the entry, or a snapshot behind
 * it; of a joint one a majority of each half (etcd-io/raft, `etcdraft.tla`, CommittedIsDurableInv). A disk counts whatever
 * became of its node, and one that was wiped counts with what it held: it had been synced.
 */
export class CommittedIsDurable implements Rule {
  readonly id = 'committed-is-durable';
  checked = 0;
  readonly #watch: Watch;
  readonly #commits: Commit[] = [];

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = { commit: (event) => this.#commit(event) };

  settle(): void {
    for (const commit of this.#commits) {
      this.checked++;
      const { configuration } = commit;
      if (configuration.outgoing.length > 0) this.#judge(commit, 'outgoing');
      this.#judge(commit, 'voters');
    }
    this.#commits.length = 0;
  }

  #commit(event: EventOf<'commit'>): void {
    const node = this.#watch.cluster.node(event.source);
    if (node.role !== 'leader' || !isKnown(this.#watch, this.id, node)) return;
    const { id: leader, term: leaderTerm, configuration } = node;
    if (configuration === undefined || configuration.voters.length === 0) {
      this.#watch.unsure(this.id, `the configuration in force at ${leader} is not known`);
      return;
    }
    const term = Math.max(node.log.termAt(event.to), UNKNOWN_TERM);
    this.#commits.push({ leader, leaderTerm, index: event.to, term, configuration, at: refOf(event) });
    this.#watch.settleLater(this);
  }

  #judge(commit: Commit, half: Half): void {
    const voters = commit.configuration[half];
    const needed = majority(voters.length);
    let synced = 0;
    let unknown: NodeId | undefined;
    for (const voter of voters) {
      const node = this.#watch.cluster.find(voter);
      if (node === undefined || !node.known) unknown = voter;
      else if (hasSynced(node, commit)) synced++;
      if (synced === needed) return;
    }
    if (unknown !== undefined) this.#watch.unsure(this.id, `what ${unknown} has on its disk is not known`);
    else this.#report(commit, half, synced);
  }

  #report(commit: Commit, half: Half, synced: number): void {
    const { leader, leaderTerm, index, term, configuration, at } = commit;
    const voters = configuration[half];
    const joint = configuration.outgoing.length > 0;
    const of = joint ? `voters of the ${half === 'outgoing' ? 'outgoing' : 'incoming'} half` : 'voters';
    const sentence = `${leader}, the leader of term ${leaderTerm}, committed entry ${index} of term ${term}, which ${synced} of the ${voters.length} ${of} had synced, and ${majority(voters.length)} make a quorum`;
    const without = voters.map((voter) => {
      const node = this.#watch.cluster.find(voter);
      return node === undefined || hasSynced(node, commit) ? undefined : node.syncedBy;
    });
    this.#watch.findings.report(this.id, sentence, at, without);
  }
}

function hasSynced({ disk, formerDisk }: NodeFacts, { index, term }: Commit): boolean {
  return disk.holds(index, term) || formerDisk?.holds(index, term) === true;
}

function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
