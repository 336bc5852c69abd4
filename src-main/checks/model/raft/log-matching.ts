import type { ChainHash, LogIndex, Term } from '../../../consensus/replica.ts';
import type { EventHead } from '../../../trace/model/events.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { RecentMap } from '../recent-map.ts';
import type { Handlers, Rule, Watch } from '../rule.ts';

/** The prefix that ends with an entry, as somebody said it first. */
interface Prefix {
  readonly term: Term;
  readonly hash: ChainHash;
  readonly by: EventRef;
  /** Another entry at the same index, of another term. */
  readonly next: Prefix | undefined;
}

/** Two logs that have an entry of the same index and term are the same up to there: their chain hashes are (Raft §5.3). */
export class LogMatching implements Rule {
  readonly id = 'log-matching';
  checked = 0;
  readonly #watch: Watch;
  readonly #prefixes = new RecentMap<LogIndex, Prefix>();

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    append: (event) => this.#compare(event, event.last, event.term, event.hash),
    commit: (event) => this.#ofOwnLog(event, event.to, event.hash),
    apply: (event) => this.#ofOwnLog(event, event.to, event.hash),
    snapshot: (event) => {
      if (event.stage === 'saved' || event.stage === 'installed')
        this.#compare(event, event.index, event.term, event.hash);
    },
    'node-started': (event) => {
      const { snapshot } = event;
      if (snapshot !== undefined) this.#compare(event, snapshot.index, snapshot.term, snapshot.hash);
    },
  };

  /** What the event says of an entry whose term only the log of its node knows. */
  #ofOwnLog(at: EventHead, index: LogIndex, hash: ChainHash): void {
    const node = this.#watch.cluster.node(at.source);
    const term = node.known ? node.log.termAt(index) : 0;
    if (term > 0) this.#compare(at, index, term, hash);
  }

  #compare(at: EventHead, index: LogIndex, term: Term, hash: ChainHash): void {
    this.checked++;
    const first = this.#prefixes.get(index);
    for (let known = first; known !== undefined; known = known.next) {
      if (known.term !== term) continue;
      if (known.hash !== hash) this.#report(at, index, term, hash, known);
      return;
    }
    this.#prefixes.set(index, { term, hash, by: refOf(at), next: first });
  }

  #report(at: EventHead, index: LogIndex, term: Term, hash: ChainHash, { hash: other, by }: Prefix): void {
    const sentence = `at entry ${index} of term ${term} the log of ${at.source} has the chain hash ${hash}, that of ${by.source} ${other}`;
    this.#watch.findings.report(this.id, sentence, at, [by]);
  }
}
