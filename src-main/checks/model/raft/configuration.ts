import type { Configuration, LogIndex, NodeId } from '../../../consensus/replica.ts';
import type { NodeFacts } from '../cluster.ts';
import { isConfiguration } from '../created-entries.ts';
import { isKnown } from '../rule.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

/**
 * What a leader does to the membership in its own term: one change pending (dissertation §4.1), none before an entry of its own term
 * is committed (Ongaro, raft-dev, 2015-07-10), and no two configurations in succession with quorums that need not overlap: they are
 * one server apart, or a joint one shares a half with the one beside it (§4.1, §4.3).
 */
export class ConfigurationRule implements Rule {
  readonly id = 'configuration';
  checked = 0;
  readonly #watch: Watch;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    append: (event) => {
      const { entries, first } = event;
      if (entries === undefined) return;
      for (let at = 0; at < entries.length; at++) {
        if (isConfiguration(entries[at])) this.#proposed(event, first + at);
      }
    },
    configuration: (event) => {
      if (event.stage === 'adopted') this.#adopted(event);
    },
  };

  #proposed(event: EventOf<'append'>, index: LogIndex): void {
    const leader = this.#watch.cluster.node(event.source);
    if (leader.role !== 'leader' || !isKnown(this.#watch, this.id, leader)) return;
    this.checked++;
    this.#requireOwnCommit(event, leader, index);
    this.#requireNothingPending(event, leader, index);
  }

  #requireOwnCommit(event: EventOf<'append'>, leader: NodeFacts, index: LogIndex): void {
    const { id, term, commit, roleSince } = leader;
    const committed = leader.log.termAt(commit);
    if (committed === term) return;
    if (commit > 0 && committed <= 0) {
      this.#watch.unsure(
        this.id,
        `the term of entry ${commit}, the last one ${id} had committed, is not known`,
      );
      return;
    }
    const has = commit === 0 ? 'no entry' : `no entry after ${commit} of term ${committed}`;
    const sentence = `${id}, the leader of term ${term}, proposed the configuration of entry ${index} when it had committed ${has}, and so none of its own term`;
    this.#watch.findings.report(this.id, sentence, event, [roleSince]);
  }

  /** Entries that hold configurations are known by who created them, adopted or not. */
  #requireNothingPending(event: EventOf<'append'>, leader: NodeFacts, index: LogIndex): void {
    const { configurations } = this.#watch.created;
    for (let at = configurations.length - 1; at >= 0; at--) {
      const other = configurations[at];
      if (other === undefined || other.index >= index || other.index <= leader.commit) continue;
      if (leader.log.termAt(other.index) !== other.term) continue;
      const sentence = `${leader.id}, the leader of term ${leader.term}, proposed the configuration of entry ${index} when that of entry ${other.index} was not committed yet, but only entry ${leader.commit}`;
      this.#watch.findings.report(this.id, sentence, event, [other.by]);
      return;
    }
  }

  #adopted(event: EventOf<'configuration'>): void {
    const leader = this.#watch.cluster.node(event.source);
    const before = leader.formerConfiguration;
    if (leader.role !== 'leader' || !leader.known || before === undefined || before.voters.length === 0)
      return;
    if (leader.log.termAt(event.index) !== leader.term) return;
    this.checked++;
    if (succeeds(before, event.configuration)) return;
    const sentence = `${leader.id}, the leader of term ${leader.term}, went from the voters ${describe(before)} to ${describe(event.configuration)} at entry ${event.index}, and quorums of the two need not overlap`;
    this.#watch.findings.report(this.id, sentence, event, [leader.formerConfigurationSince]);
  }
}

/** Whether every quorum of the one overlaps with every quorum of the other by one of the ways that Raft knows. */
function succeeds(before: Configuration, after: Configuration): boolean {
  if (after.voters.length === 0) return false;
  const leaves = before.outgoing.length > 0;
  const enters = after.outgoing.length > 0;
  if (leaves && enters)
    return sameSet(before.voters, after.voters) && sameSet(before.outgoing, after.outgoing);
  if (enters) return sameSet(before.voters, after.outgoing);
  if (leaves) return sameSet(before.voters, after.voters);
  return countMissing(before.voters, after.voters) + countMissing(after.voters, before.voters) <= 1;
}

function sameSet(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  return countMissing(left, right) === 0 && countMissing(right, left) === 0;
}

/** How many of `nodes` are not among `others`. */
function countMissing(nodes: readonly NodeId[], others: readonly NodeId[]): number {
  let missing = 0;
  for (const node of nodes) if (!others.includes(node)) missing++;
  return missing;
}

function describe({ voters, outgoing }: Configuration): string {
  const half = voters.join(' ');
  return outgoing.length === 0 ? half : `${outgoing.join(' ')} → ${half}`;
}
