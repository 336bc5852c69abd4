import type { LogIndex, NodeId, Term } from '../../../consensus/replica.ts';
import type { EventRef } from '../finding.ts';
import { refOf } from '../finding.ts';
import { LogRuns } from '../log-runs.ts';
import { isKnown } from '../rule.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

/** A leader's log when it was elected. */
interface Election {
  readonly term: Term;
  readonly leader: NodeId;
  readonly log: LogRuns;
  readonly at: EventRef;
}

/** The last entry that the leader of a term has committed; by Log Matching it stands for all before it. */
interface Committed {
  readonly leaderTerm: Term;
  readonly leader: NodeId;
  index: LogIndex;
  term: Term;
  at: EventRef;
}

/** Elections whose log is remembered: only a leader that was replaced and has not heard of it commits after one of a higher term. */
const ELECTIONS_MAX = 64;

/**
 * The leader of a term holds every entry that a leader of a LOWER term commits, before or after the election: a candidate may
 * rightly win a term after the next one has committed (Raft §5.4). Compacted entries count as held.
 */
export class LeaderCompleteness implements Rule {
  readonly id = 'leader-completeness';
  checked = 0;
  readonly #watch: Watch;
  readonly #elections: Election[] = [];
  #highestTerm: Term = 0;
  readonly #committed: Committed[] = [];

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    role: (event) => {
      if (event.to === 'leader') this.#elected(event);
    },
    commit: (event) => this.#commit(event),
  };

  #elected(event: EventOf<'role'>): void {
    const { source: leader, term } = event;
    const node = this.#watch.cluster.node(leader);
    if (!isKnown(this.#watch, this.id, node)) return;
    const log = new LogRuns();
    log.copy(node.log);
    const election = { term, leader, log, at: refOf(event) };
    for (const committed of this.#committed) {
      if (committed.leaderTerm < term) this.#compare(election, committed, election.at);
    }
    this.#elections.push(election);
    if (this.#elections.length > ELECTIONS_MAX) this.#elections.shift();
    this.#highestTerm = Math.max(this.#highestTerm, term);
  }

  #commit(event: EventOf<'commit'>): void {
    const node = this.#watch.cluster.node(event.source);
    if (node.role !== 'leader' || !isKnown(this.#watch, this.id, node)) return;
    const committed = this.#note(node.id, node.term, event.to, node.log.termAt(event.to), refOf(event));
    if (node.term >= this.#highestTerm) return;
    for (const election of this.#elections) {
      if (election.term > node.term) this.#compare(election, committed, committed.at);
    }
  }

  #note(leader: NodeId, leaderTerm: Term, index: LogIndex, term: Term, at: EventRef): Committed {
    const last = this.#committed[this.#committed.length - 1];
    const known =
      last?.leaderTerm === leaderTerm && last.leader === leader
        ? last
        : this.#committed.find((each) => each.leaderTerm === leaderTerm && each.leader === leader);
    if (known === undefined) {
      const committed = { leaderTerm, leader, index, term, at };
      this.#committed.push(committed);
      return committed;
    }
    known.index = index;
    known.term = term;
    known.at = at;
    return known;
  }

  #compare({ term, leader, log, at: elected }: Election, committed: Committed, at: EventRef): void {
    this.checked++;
    const { index } = committed;
    if (committed.term < 0 || log.holds(index, committed.term)) return;
    const found = log.termAt(index);
    const has = found < 0 ? `a log that ended at entry ${log.lastIndex}` : `one of term ${found} there`;
    const sentence = `${leader} was elected leader of term ${term} with ${has}, but entry ${index} of term ${committed.term} was committed by ${committed.leader}, the leader of term ${committed.leaderTerm}`;
    this.#watch.findings.report(this.id, sentence, at, [elected, committed.at]);
  }
}
