import type { NodeId, Term } from '../../../consensus/replica.ts';
import type { EventHead } from '../../../trace/model/events.ts';
import type { EventRef } from '../finding.ts';
import { refOf } from '../finding.ts';
import type { Handlers, Rule, Watch } from '../rule.ts';

interface Leadership {
  readonly leader: NodeId;
  readonly since: EventRef;
  /** Others that were found to lead the same term. */
  readonly rivals: Set<NodeId>;
}

/** At most one leader a term, ever: whoever says that it leads, and whoever others take for the leader (Raft §5.2). */
export class ElectionSafety implements Rule {
  readonly id = 'election-safety';
  checked = 0;
  readonly #watch: Watch;
  readonly #terms = new Map<Term, Leadership>();

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    role: (event) => {
      if (event.to === 'leader') this.#leads(event.source, event.term, event, 'became leader');
    },
    leader: (event) => {
      const { leader, source, term } = event;
      if (leader !== null && leader !== source)
        this.#leads(leader, term, event, `is taken by ${source} for the leader`);
    },
  };

  #leads(leader: NodeId, term: Term, at: EventHead, how: string): void {
    this.checked++;
    const known = this.#terms.get(term);
    if (known === undefined) {
      this.#terms.set(term, { leader, since: refOf(at), rivals: new Set() });
      return;
    }
    if (known.leader === leader || known.rivals.has(leader)) return;
    known.rivals.add(leader);
    const sentence = `${leader} ${how} of term ${term}, which ${known.leader} led`;
    this.#watch.findings.report(this.id, sentence, at, [known.since]);
  }
}
