import type { Configuration, NodeId } from '../../consensus/replica.ts';
import { EMPTY_CONFIGURATION, votersOnly } from '../../consensus/raft/configuration.ts';
import type { RaftBug } from '../../consensus/raft/planted-bugs.ts';
import type { Envelope } from '../../node/host/ports.ts';
import { eventId } from '../../trace/model/events.ts';
import type { EventId, EventPayload, Nanoseconds } from '../../trace/model/events.ts';
import type { ClientPlan, NodeRef, Schedule } from '../schedule/schedule.ts';
import { Faults } from './faults.ts';
import { Journal, type JournalListener, type SourceJournal } from './journal.ts';
import { Links, type Link } from './links.ts';
import { majorityIsLeft } from './majorities.ts';
import { SimClient } from './sim-client.ts';
import { SimNode, type Surroundings } from './sim-node.ts';
import { Streams } from './streams.ts';
import { Timeline } from './timeline.ts';

/** A run of one schedule: a cluster with its clients in virtual time. */
export class Simulation {
  readonly timeline = new Timeline();
  readonly journal: Journal;
  readonly links: Links;
  readonly streams: Streams;
  readonly nodes = new Map<NodeId, SimNode>();
  readonly faults: Faults;
  readonly #schedule: Schedule;
  readonly #lab: SourceJournal;
  readonly #load: SourceJournal;
  readonly #world: Surroundings;
  #calmNs: Nanoseconds = 0;

  /** @param failed a node's own rules were broken: what it threw */
  constructor(
    schedule: Schedule,
    listener: JournalListener,
    failed: (node: NodeId, error: unknown, at: EventId) => void,
  ) {
    const { seed, environment, options, bug } = schedule;
    this.#schedule = schedule;
    this.journal = new Journal(this.timeline, listener);
    this.streams = new Streams(seed);
    this.links = new Links(this.timeline, this.streams, environment.links, environment.clientLinks);
    this.#lab = this.journal.source('lab', 1);
    this.#load = this.journal.source('load', 1);
    this.#world = {
      timeline: this.timeline,
      journal: this.journal,
      streams: this.streams,
      links: this.links,
      environment,
      options,
      sessions: options.clientSessions && bug !== 'retry-applies-twice',
      bug: bug === null || bug === 'retry-applies-twice' ? undefined : (bug as RaftBug),
      isNode: (id) => this.nodes.has(id),
      receive: this.#receive,
      record: this.record,
      failed: (node, error) => failed(node, error, eventId(this.#lastLab)),
    };
    this.faults = new Faults({
      timeline: this.timeline,
      links: this.links,
      nodes: this.nodes,
      resolve: this.resolve,
      leader: () => this.leader,
      mayLose: (node) => majorityIsLeft(this.nodes, node),
      join: (id, cause) => this.#join(id, cause),
      record: this.record,
    });
  }

  /** Everybody comes up; what is scheduled is scheduled. */
  start(): void {
    const { voters, clients, actions } = this.#schedule;
    this.record({ kind: 'run-started', nodes: voters });
    const storage = Object.fromEntries(voters.map((id) => [id, `${id}-disk-1`]));
    for (const id of voters) this.#add(id, votersOnly(voters, storage)).start();
    for (const plan of clients) this.addClient(plan).start();
    this.faults.schedule(actions);
  }

  /** A client that asks these nodes, all voters of the first configuration unless told. */
  addClient(plan: ClientPlan, ring: readonly NodeId[] = this.#schedule.voters): SimClient {
    const random = this.streams.of(`client ${plan.id}`);
    return new SimClient(plan, ring, random, {
      timeline: this.timeline,
      links: this.links,
      recorder: this.#load,
      nodes: this.nodes,
      resolve: this.resolve,
    });
  }

  /** Faults are over: the network does its duty from now on, and what was under way is lost. */
  calm(): void {
    this.#calmNs = this.timeline.nowNs;
    this.faults.endAll();
    this.links.calm();
    for (const node of this.nodes.values()) node.spare();
  }

  /** Of those that think they lead, the one of the highest term. */
  get leader(): SimNode | undefined {
    let leader: SimNode | undefined;
    let term = -1;
    for (const node of this.nodes.values()) {
      const { status } = node;
      if (status?.role !== 'leader' || status.term <= term || node.paused) continue;
      leader = node;
      term = status.term;
    }
    return leader;
  }

  /** @see NodeRef */
  readonly resolve = (ref: NodeRef): NodeId => {
    if (!ref.startsWith('@')) return ref;
    const { voters } = this.#schedule;
    const first = Math.max(0, voters.indexOf(this.leader?.id ?? ''));
    return voters[(first + Number(ref.slice(1))) % voters.length] ?? ref;
  };

  #lastLab = { source: 'lab', incarnation: 1, seq: 0, atNs: 0, step: 0 };

  /** Records what the supervisor does and sees. */
  readonly record = (payload: EventPayload, cause?: EventId): EventId => {
    const head = this.#lab.record(payload, 0, cause);
    this.#lastLab = head;
    return eventId(head);
  };

  readonly #receive = (to: NodeId, envelope: Envelope, link: Link, sentNs: Nanoseconds): void => {
    const node = this.nodes.get(to);
    if (node === undefined) return;
    if (sentNs < this.#calmNs) node.drop(envelope, 'lost when the network was mended');
    else if (link.isCut) node.drop(envelope, 'the link is cut');
    else node.arrive(envelope);
  };

  #join(id: NodeId, cause: EventId): void {
    if (!this.nodes.has(id)) this.#add(id, EMPTY_CONFIGURATION).start(cause);
  }

  #add(id: NodeId, configuration: Configuration): SimNode {
    const node = new SimNode(id, configuration, this.#world);
    this.nodes.set(id, node);
    return node;
  }
}
