/** The one sequence of entries that a cluster commits, as it grows: the term of each, who committed it first, and who contradicts. */
import type { LogIndex, Term } from '../../consensus/replica.ts';
import type { Cluster } from './cluster.ts';
import type { EventRef } from './finding.ts';
import { refOf } from './finding.ts';
import { LogRuns, UNKNOWN_TERM, firstDifference } from './log-runs.ts';
import type { EventOf, Handlers } from './rule.ts';

/** Two different entries committed at one index. */
export interface Conflict {
  readonly index: LogIndex;
  /** Of the entry that was committed first, and of the other one. */
  readonly term: Term;
  readonly otherTerm: Term;
  /** How far the other was committed along with it. */
  readonly to: LogIndex;
  readonly other: EventRef;
}

/** Which commit brought the entries up to `to`, from where the one before it ends. */
interface Extension {
  readonly to: LogIndex;
  readonly by: EventRef;
}

/** Extensions remembered at least. */
const EXTENSIONS_MAX = 65_536;

export class CommittedSequence {
  readonly #cluster: Cluster;
  readonly #terms = new LogRuns();
  #extensions: Extension[] = [];
  /** Of entries up to here it is forgotten who committed them. */
  #forgottenTo: LogIndex = 0;
  readonly conflicts: Conflict[] = [];
  /** Somebody committed what cannot be told, because its log is not known. */
  hasMissed = false;
  /** Entries that changed nothing because their session had applied the operation before. */
  readonly skipped = new Set<LogIndex>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  readonly on: Handlers = {
    commit: (event) => this.#commit(event),
    apply: (event) => {
      if (event.skipped !== undefined) for (const index of event.skipped) this.skipped.add(index);
    },
  };

  get lastIndex(): LogIndex {
    return this.#terms.lastIndex;
  }

  /** `UNKNOWN_TERM` where nobody said, `NO_ENTRY` where nothing is committed yet. */
  termAt(index: LogIndex): Term {
    return this.#terms.termAt(index);
  }

  /** The event that committed the entry first. */
  committedBy(index: LogIndex): EventRef | undefined {
    if (index <= this.#forgottenTo) return undefined;
    let low = 0;
    let high = this.#extensions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#extensions[middle]?.to ?? Infinity) >= index) high = middle;
      else low = middle + 1;
    }
    return this.#extensions[low]?.by;
  }

  #commit(event: EventOf<'commit'>): void {
    const node = this.#cluster.node(event.source);
    const { from, to } = event;
    const known = this.lastIndex;
    if (!node.known || to > node.log.lastIndex) {
      this.hasMissed = true;
      return;
    }
    if (from < known) this.#compare(event, node.log, from + 1, Math.min(to, known));
    if (to > known) this.#extend(event, node.log, known + 1);
  }

  #compare(event: EventOf<'commit'>, log: LogRuns, from: LogIndex, to: LogIndex): void {
    const index = firstDifference(this.#terms, log, from, to);
    if (index === undefined) return;
    const term = this.#terms.termAt(index);
    this.conflicts.push({ index, term, otherTerm: log.termAt(index), to, other: refOf(event) });
  }

  #extend(event: EventOf<'commit'>, log: LogRuns, first: LogIndex): void {
    const { to } = event;
    for (let index = first; index <= to;) {
      const last = Math.min(log.runEndAt(index), to);
      const term = log.termAt(index);
      this.#terms.append(index, last, term > 0 ? term : UNKNOWN_TERM);
      index = last + 1;
    }
    this.#extensions.push({ to, by: refOf(event) });
    if (this.#extensions.length <= 2 * EXTENSIONS_MAX) return;
    this.#forgottenTo = this.#extensions[EXTENSIONS_MAX - 1]?.to ?? 0;
    this.#extensions = this.#extensions.slice(EXTENSIONS_MAX);
  }
}
