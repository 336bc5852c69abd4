/**
 * Finds the elections of a run and how long each part of them took. Pure. The definitions stand in `ElectionRow` and, with
 * SQL that computes the same, in the description of the trace format.
 */
import type { Configuration, NodeId, Term } from '../../consensus/replica.ts';
import { eventId } from './events.ts';
import type { EventId, EventKind, Nanoseconds, TraceEvent } from './events.ts';
import { isQuorum } from './members.ts';
import type { ElectionRow } from './queries.ts';

/** The kinds that the detector looks at. */
export const ELECTION_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'role',
  'tally',
  'commit',
  'complete',
  'run-started',
  'node-started',
  'fault-started',
  'node-stopped',
  'process-exited',
  'process-paused',
  'process-resumed',
]);

interface Candidacy {
  node: NodeId;
  term: Term;
  atNs: Nanoseconds;
}

/** A stretch in which a node asked whether it could win a term, without entering it (dissertation §9.6). */
interface PreCandidacy {
  node: NodeId;
  /** The term asked about. */
  term: Term;
  atNs: Nanoseconds;
  /** When it became anything else. */
  toNs: Nanoseconds | null;
}

/** A leader's term of office. */
interface Office {
  term: Term;
  leader: NodeId;
  electedNs: Nanoseconds;
  event: EventId;
  firstCommitNs: Nanoseconds | null;
  /** When the leader lost the role or died: a commit after that is not one of this office. */
  ended: boolean;
}

/** From when on, and until when, a node could not lead. */
interface Outage {
  node: NodeId;
  fromNs: Nanoseconds;
  /** Only a pause ends. */
  toNs: Nanoseconds | null;
}

/** Feed it the events of a run in the order of (atNs, source, incarnation, seq). */
export class ElectionDetector {
  readonly #candidacies: Candidacy[] = [];
  readonly #preCandidacies: PreCandidacy[] = [];
  readonly #offices: Office[] = [];
  readonly #outages: Outage[] = [];
  readonly #votes = new Map<string, NodeId[]>();
  readonly #acknowledgedNs: Nanoseconds[] = [];
  /** Nodes that have started, and when so many had that they could elect a leader. */
  readonly #started = new Set<NodeId>();
  /** The first configuration with voters that a node found; while nobody says one, the nodes of the run count as voters. */
  #configuration: Configuration | null = null;
  #nodeCount = 0;
  #quorumUpNs: Nanoseconds | null = null;
  #rows: ElectionRow[] | undefined;

  feed(event: TraceEvent): void {
    switch (event.kind) {
      case 'complete':
        if (event.outcome === 'ok') this.#acknowledge(event.atNs);
        return;
      case 'commit':
        this.#commit(event.source, event.atNs);
        return;
      case 'role':
        this.#role(event);
        break;
      case 'tally':
        if (!event.granted || event.pre === true) return;
        this.#votesFor(event.source, event.term).push(event.voter);
        break;
      case 'run-started':
        this.#nodeCount = event.nodes.length;
        break;
      case 'node-started':
        this.#started.add(event.source);
        if (event.configuration !== undefined && event.configuration.voters.length > 0)
          this.#configuration ??= event.configuration;
        if (this.#quorumUpNs === null && this.#isQuorumUp()) this.#quorumUpNs = event.atNs;
        this.#leavePreCandidacy(event.source, event.atNs);
        break;
      case 'fault-started':
        // The signal leaves right after this is recorded; the exit is only seen some milliseconds later.
        if (event.type !== 'kill') return;
        for (const node of event.targets) this.#end(node, event.atNs);
        break;
      case 'process-paused':
        this.#outages.push({ node: event.node, fromNs: event.atNs, toNs: null });
        break;
      case 'process-resumed':
        for (const outage of this.#outages) {
          if (outage.node === event.node && outage.toNs === null) outage.toNs = event.atNs;
        }
        break;
      case 'process-exited':
        this.#end(event.node, event.atNs);
        break;
      case 'node-stopped':
        this.#end(event.source, event.atNs);
        break;
      default:
        return;
    }
    this.#rows = undefined;
  }

  /** In order of term. The same array until something changes. */
  elections(): ElectionRow[] {
    this.#rows ??= this.#compute();
    return this.#rows;
  }

  #isQuorumUp(): boolean {
    if (this.#configuration === null) return this.#started.size * 2 > this.#nodeCount;
    return isQuorum(this.#configuration, (node) => this.#started.has(node));
  }

  #role(event: Extract<TraceEvent, { kind: 'role' }>): void {
    const { source: node, term, atNs } = event;
    if (event.to === 'pre-candidate') {
      // Asking again goes on with the stretch, for the same term.
      if (event.from !== 'pre-candidate')
        this.#preCandidacies.push({ node, term: term + 1, atNs, toNs: null });
    } else this.#leavePreCandidacy(node, atNs);
    if (event.to === 'candidate') this.#candidacies.push({ node, term, atNs });
    if (event.to === 'leader') {
      this.#offices.push({
        term,
        leader: node,
        electedNs: atNs,
        event: eventId(event),
        firstCommitNs: null,
        ended: false,
      });
    } else {
      // It stepped down by itself, or was deposed by somebody who stood before.
      if (event.from === 'leader') this.#outages.push({ node, fromNs: atNs, toNs: null });
      this.#leaveOffice(node);
    }
  }

  #leavePreCandidacy(node: NodeId, atNs: Nanoseconds): void {
    for (const one of this.#preCandidacies) if (one.node === node) one.toNs ??= atNs;
  }

  #end(node: NodeId, atNs: Nanoseconds): void {
    this.#leavePreCandidacy(node, atNs);
    this.#outages.push({ node, fromNs: atNs, toNs: null });
    this.#leaveOffice(node);
  }

  #leaveOffice(node: NodeId): void {
    for (const office of this.#offices) if (office.leader === node) office.ended = true;
  }

  #commit(source: NodeId, atNs: Nanoseconds): void {
    for (let at = this.#offices.length - 1; at >= 0; at--) {
      const office = this.#offices[at];
      if (office === undefined || office.leader !== source) continue;
      if (!office.ended && office.firstCommitNs === null) {
        office.firstCommitNs = atNs;
        this.#rows = undefined;
      }
      return;
    }
  }

  #acknowledge(atNs: Nanoseconds): void {
    this.#acknowledgedNs.push(atNs);
    const last = this.#rows?.[this.#rows.length - 1];
    // The acknowledgement that ends the downtime of the newest election.
    if (last && last.downtimeMs === null) this.#rows = undefined;
  }

  #votesFor(candidate: NodeId, term: Term): NodeId[] {
    const key = `${term} ${candidate}`;
    const votes = this.#votes.get(key) ?? [];
    this.#votes.set(key, votes);
    return votes;
  }

  #compute(): ElectionRow[] {
    const offices = [...this.#offices].sort((a, b) => a.term - b.term);
    return offices.map((office, at) => this.#row(at + 1, office, offices[at - 1]));
  }

  #row(number: number, office: Office, previous: Office | undefined): ElectionRow {
    const { term, leader, electedNs, firstCommitNs, event } = office;
    const candidacies = this.#candidacies.filter(
      (one) => one.term > (previous?.term ?? 0) && one.term <= term,
    );
    let stoodNs = electedNs;
    for (const one of candidacies) stoodNs = Math.min(stoodNs, one.atNs);
    const lostNs = previous ? this.#lostNs(previous, stoodNs) : null;
    const firstCandidacyNs = this.#firstAskedNs(
      previous?.term ?? 0,
      term,
      stoodNs,
      lostNs,
      new Set(candidacies.map((one) => one.node)),
    );
    const startedNs = previous
      ? (lostNs ?? firstCandidacyNs)
      : Math.min(this.#quorumUpNs ?? firstCandidacyNs, firstCandidacyNs);
    const splitTerms = new Set(candidacies.map((one) => one.term));
    splitTerms.delete(term);
    const voters = new Set([leader, ...this.#votesFor(leader, term)]);
    return {
      number,
      term,
      leader,
      previousLeader: previous?.leader ?? null,
      lostNs,
      startedNs,
      firstCandidacyNs,
      electedNs,
      firstCommitNs,
      detectionMs: (firstCandidacyNs - startedNs) / 1e6,
      campaignMs: (electedNs - firstCandidacyNs) / 1e6,
      firstCommitMs: firstCommitNs === null ? null : (firstCommitNs - electedNs) / 1e6,
      downtimeMs: this.#downtimeMs(startedNs, firstCommitNs ?? electedNs),
      splitVotes: splitTerms.size,
      candidates: [...new Set(candidacies.filter((one) => one.atNs <= electedNs).map((one) => one.node))],
      voters: [...voters].sort(),
      event,
    };
  }

  /**
   * When somebody first began to ask for the office: a pre-candidacy that went on until the first candidacy, at `stoodNs`. One
   * before the leader was lost is not about this election. Where the leader was not lost, only those who then stood count: a node
   * that is cut off asks for ever.
   */
  #firstAskedNs(
    previousTerm: Term,
    term: Term,
    stoodNs: Nanoseconds,
    lostNs: Nanoseconds | null,
    candidates: ReadonlySet<NodeId>,
  ): Nanoseconds {
    let firstNs = stoodNs;
    for (const one of this.#preCandidacies) {
      if (one.term <= previousTerm || one.term > term || (one.toNs !== null && one.toNs < stoodNs)) continue;
      if (lostNs === null ? candidates.has(one.node) : one.atNs >= lostNs)
        firstNs = Math.min(firstNs, one.atNs);
    }
    return firstNs;
  }

  /** The earliest moment from which on the old leader could not lead any more until somebody stood for election. */
  #lostNs(previous: Office, stoodNs: Nanoseconds): Nanoseconds | null {
    let lostNs: Nanoseconds | null = null;
    for (const { node, fromNs, toNs } of this.#outages) {
      if (node !== previous.leader || fromNs < previous.electedNs || fromNs > stoodNs) continue;
      if (toNs !== null && toNs <= stoodNs) continue;
      if (lostNs === null || fromNs < lostNs) lostNs = fromNs;
    }
    return lostNs;
  }

  /** Longest stretch between two neighbouring acknowledgements that overlaps [startedNs, endNs]. */
  #downtimeMs(startedNs: Nanoseconds, endNs: Nanoseconds): number | null {
    const acknowledged = this.#acknowledgedNs;
    let before = firstAbove(acknowledged, startedNs) - 1;
    let longest: number | null = null;
    for (; before >= 0; before++) {
      const from = acknowledged[before];
      const to = acknowledged[before + 1];
      if (from === undefined || from > endNs) break;
      if (to === undefined) return null;
      longest = Math.max(longest ?? 0, (to - from) / 1e6);
    }
    return longest;
  }
}

/** Position of the first element greater than `bound` in an ascending array; its length if there is none. */
function firstAbove(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? Infinity) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
