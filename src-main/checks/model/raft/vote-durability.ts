import type { NodeId, StorageId, Term } from '../../../consensus/replica.ts';
import type { EventHead } from '../../../trace/model/events.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

interface Vote {
  readonly candidate: NodeId;
  readonly by: EventRef;
}

/** A node on one disk. */
interface Voter {
  incarnation: number;
  storageId: StorageId | undefined;
  votes: Map<Term, Vote>;
  /** The vote seen last: nearly every write of a node says the same one again. */
  lastTerm: Term;
  lastCandidate: NodeId | null;
}

/**
 * One candidate a node, disk and term, across restarts. What counts is the vote on the disk and the one that was sent, and
 * not a transition, because a step's change may never reach the disk (Raft §5.2).
 */
export class VoteDurability implements Rule {
  readonly id = 'vote-durability';
  checked = 0;
  readonly #watch: Watch;
  readonly #voters = new Map<NodeId, Voter>();

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    'node-started': (event) => this.#start(event),
    'persist-completed': (event) => {
      const voter = this.#voter(event);
      const { term, votedFor } = event;
      if (votedFor === null || (term === voter.lastTerm && votedFor === voter.lastCandidate)) return;
      this.#vote(voter, event, term, votedFor, 'persisted a vote for');
    },
    send: (event) => {
      if (event.type !== 'RequestVoteReply') return;
      if ((event.body as { readonly granted?: unknown }).granted !== true) return;
      this.#vote(this.#voter(event), event, event.term, event.to, 'granted its vote to');
    },
  };

  #start(event: EventOf<'node-started'>): void {
    const { source, incarnation, storageId, term, votedFor } = event;
    let voter = this.#voters.get(source);
    const another =
      storageId !== undefined && voter?.storageId !== undefined && storageId !== voter.storageId;
    if (voter === undefined || another) {
      voter = freshVoter(incarnation);
      this.#voters.set(source, voter);
    }
    voter.incarnation = incarnation;
    voter.storageId = storageId ?? voter.storageId;
    if (votedFor !== null) this.#vote(voter, event, term, votedFor, 'came up with a vote for');
  }

  #voter({ source, incarnation }: EventHead): Voter {
    let voter = this.#voters.get(source);
    if (voter?.incarnation === incarnation) return voter;
    // Its start is missing from the trace, and nobody knows on which disk that was.
    voter = freshVoter(incarnation);
    this.#voters.set(source, voter);
    return voter;
  }

  #vote(voter: Voter, at: EventHead, term: Term, candidate: NodeId, did: string): void {
    this.checked++;
    const known = voter.votes.get(term);
    if (known === undefined) voter.votes.set(term, { candidate, by: refOf(at) });
    else if (known.candidate !== candidate) {
      const sentence = `${at.source} ${did} ${candidate} in term ${term}, in which it had voted for ${known.candidate}`;
      this.#watch.findings.report(this.id, sentence, at, [known.by]);
    }
    voter.lastTerm = term;
    voter.lastCandidate = candidate;
  }
}

function freshVoter(incarnation: number): Voter {
  return { incarnation, storageId: undefined, votes: new Map(), lastTerm: 0, lastCandidate: null };
}
