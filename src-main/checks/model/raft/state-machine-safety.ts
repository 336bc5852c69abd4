import type { ChainHash, LogIndex } from '../../../consensus/replica.ts';
import type { EventHead } from '../../../trace/model/events.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import { RecentMap } from '../recent-map.ts';
import type { Handlers, Rule, Watch } from '../rule.ts';

interface Applied {
  readonly hash: ChainHash;
  readonly by: EventRef;
}

/**
 * One entry an index among those applied, across nodes and restarts (Raft §5.4.3). Compared are chain hashes where two
 * nodes say one of the same index, and at all other indexes the terms of what was committed there.
 */
export class StateMachineSafety implements Rule {
  readonly id = 'state-machine-safety';
  checked = 0;
  readonly #watch: Watch;
  readonly #applied = new RecentMap<LogIndex, Applied>();
  #conflictsSeen = 0;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    commit: (event) => {
      const same = this.#compare(event, event.to, event.hash);
      this.#compareTerms(event, same);
    },
    apply: (event) => {
      this.#compare(event, event.to, event.hash);
    },
    snapshot: (event) => {
      if (event.stage === 'saved' || event.stage === 'installed')
        this.#compare(event, event.index, event.hash);
    },
    'node-started': (event) => {
      if (event.snapshot !== undefined) this.#compare(event, event.snapshot.index, event.snapshot.hash);
    },
  };

  /** @returns whether they are the same, as far as it is known */
  #compare(at: EventHead, index: LogIndex, hash: ChainHash): boolean {
    this.checked++;
    const known = this.#applied.get(index);
    if (known === undefined) {
      this.#applied.set(index, { hash, by: refOf(at) });
      return true;
    }
    if (known.hash === hash) return true;
    const { by, hash: other } = known;
    const sentence = `${at.source} has the chain hash ${hash} at the decided entry ${index}, ${by.source} has ${other} there`;
    this.#watch.findings.report(this.id, sentence, at, [by]);
    return false;
  }

  /** @param same no difference was reported of this event yet */
  #compareTerms(at: EventHead, same: boolean): void {
    const { conflicts } = this.#watch.sequence;
    if (conflicts.length === this.#conflictsSeen) return;
    this.#conflictsSeen = conflicts.length;
    const conflict = conflicts[conflicts.length - 1];
    if (conflict === undefined || !same) return;
    const { index, term, otherTerm } = conflict;
    const by = this.#watch.sequence.committedBy(index);
    const first = by === undefined ? 'another node' : by.source;
    const sentence = `${at.source} committed entry ${index} of term ${otherTerm}, ${first} the one of term ${term}`;
    this.#watch.findings.report(this.id, sentence, at, [by]);
  }
}
