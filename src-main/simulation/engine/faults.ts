/** Carries out what a schedule does to the cluster, and tells the trace of it as the supervisor of real processes would. */
import type { NodeId, OperatorInput } from '../../consensus/replica.ts';
import type { EventId, EventPayload, FaultId, Nanoseconds } from '../../trace/model/events.ts';
import type { Action, Change, Command, NodeRef } from '../schedule/schedule.ts';
import type { Link, Links } from './links.ts';
import type { SimNode } from './sim-node.ts';
import type { Timeline } from './timeline.ts';

export interface FaultWorld {
  readonly timeline: Timeline;
  readonly links: Links;
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  readonly resolve: (node: NodeRef) => NodeId;
  /** Who leads, as an operator would find out; undefined while nobody does. */
  readonly leader: () => SimNode | undefined;
  /** Whether a majority of real disks is left without that node's. */
  readonly mayLose: (node: SimNode) => boolean;
  /** Makes a node that is in no configuration. */
  readonly join: (id: NodeId, cause: EventId) => void;
  readonly record: (payload: EventPayload, cause?: EventId) => EventId;
}

type Of<K extends Action['kind']> = Action & { readonly kind: K };

/** An operator who finds no leader tries again so often, after so long. */
const ASKED_MAX = 8;
const ASK_AGAIN_NS = 40e6;

export class Faults {
  readonly #world: FaultWorld;
  /** What ends each fault that acts. */
  readonly #acting = new Map<FaultId, () => void>();
  #count = 0;
  #over = false;

  constructor(world: FaultWorld) {
    this.#world = world;
  }

  schedule(actions: readonly Action[]): void {
    for (const action of actions) this.#world.timeline.at(action.atNs, () => this.#act(action));
  }

  /** Ends everything that acts, which brings nodes back that are down, and begins nothing any more. */
  endAll(): void {
    this.#over = true;
    for (const fault of [...this.#acting.keys()]) this.#end(fault);
  }

  #act(action: Action): void {
    if (this.#over) return;
    switch (action.kind) {
      case 'partition':
        this.#partition(action);
        return;
      case 'links':
        this.#worsen(action);
        return;
      case 'kill':
        this.#kill(action);
        return;
      case 'wipe':
        this.#wipe(action);
        return;
      case 'pause':
        this.#pause(action);
        return;
      case 'slow-apply':
        this.#onNode(action, {}, (node) => {
          node.holdApply();
          return () => node.releaseApply();
        });
        return;
      case 'slow-disk':
        this.#onNode(action, { writeNs: action.writeNs }, (node) => {
          node.slowDisk(action.writeNs);
          return () => node.usualDisk(action.writeNs);
        });
        return;
      case 'clock':
        this.#onNode(action, { rate: action.rate, stepMs: action.stepMs }, (node) => {
          node.drift(action.rate, action.stepMs);
          return () => node.drift(1, 0);
        });
        return;
      case 'join':
        this.#world.join(action.node, this.#ask({ kind: 'join', node: action.node }));
        return;
      case 'operator':
        this.#operate(action.command, ASKED_MAX);
    }
  }

  #partition({ shape, cuts, forNs }: Of<'partition'>): void {
    const links = this.#links(cuts);
    for (const [, link] of links) link.cut();
    this.#begin('partition', names(links), { shape }, forNs, () => {
      for (const [, link] of links) link.mend();
    });
  }

  #worsen({ links: pairs, quality, forNs }: Of<'links'>): void {
    const links = this.#links(pairs);
    for (const [, link] of links) link.worsen(quality);
    this.#begin('links', names(links), quality, forNs, () => {
      for (const [, link] of links) link.recover(quality);
    });
  }

  #kill({ node: ref, power, point, nth = 1, downNs }: Of<'kill'>): void {
    const node = this.#node(ref);
    if (node === undefined || !node.alive) return;
    const cause = this.#ask({ kind: 'kill', node: node.id, power, ...(point && { point, nth }) });
    const died = (): void => this.#down(node, power ? 'power-loss' : 'kill', downNs, cause);
    if (point === undefined) {
      node.kill(power, cause);
      died();
    } else {
      node.killAt(point, nth, power, died);
    }
  }

  /** Not done where it would leave no majority on disks that hold what was promised: nothing survives that. */
  #wipe({ node: ref, downNs }: Of<'wipe'>): void {
    const node = this.#node(ref);
    if (node === undefined || !this.#world.mayLose(node)) return;
    const cause = this.#ask({ kind: 'wipe', node: node.id });
    node.kill(true, cause);
    node.wipe();
    this.#down(node, 'wiped-disk', downNs, cause);
  }

  #down(node: SimNode, type: string, downNs: Nanoseconds, cause: EventId): void {
    this.#begin(type, [node.id], {}, downNs, () => {
      if (!node.alive) node.start(cause);
    });
  }

  #pause({ node: ref, forNs }: { node: NodeRef; forNs: Nanoseconds }): void {
    const node = this.#node(ref);
    if (node === undefined || !node.running) return;
    const cause = this.#ask({ kind: 'pause', node: node.id });
    node.pause(cause);
    this.#begin('pause', [node.id], {}, forNs, () => {
      if (node.paused) node.resume(cause);
    });
  }

  #onNode(
    { kind, node: ref, forNs }: { kind: string; node: NodeRef; forNs: Nanoseconds },
    parameters: object,
    act: (node: SimNode) => () => void,
  ): void {
    const node = this.#node(ref);
    if (node !== undefined) this.#begin(kind, [node.id], parameters, forNs, act(node));
  }

  #operate(command: Command, attempts: number): void {
    if (this.#over) return;
    const node = 'node' in command ? this.#node(command.node) : this.#world.leader();
    if (node === undefined || !node.running) {
      if (attempts > 1) this.#world.timeline.after(ASK_AGAIN_NS, () => this.#operate(command, attempts - 1));
      return;
    }
    const input = this.#input(command);
    node.operator(input, this.#ask({ ...input, node: node.id }));
  }

  #input(command: Command): OperatorInput {
    switch (command.kind) {
      case 'change-membership':
        return { ...command, changes: command.changes.map((change) => this.#change(change)) };
      case 'transfer-leadership':
        return { kind: command.kind, to: this.#world.resolve(command.to) };
      case 'leave-joint':
        return command;
      default:
        return { kind: command.kind };
    }
  }

  /** Whoever is added is known by the disk that it has. */
  #change({
    kind,
    node: ref,
  }: Change): Extract<OperatorInput, { kind: 'change-membership' }>['changes'][number] {
    const node = this.#world.resolve(ref);
    if (kind === 'remove') return { kind, node };
    const storage = this.#world.nodes.get(node)?.storageId;
    return storage === undefined ? { kind, node } : { kind, node, storage };
  }

  #begin(
    type: string,
    targets: readonly string[],
    parameters: object,
    forNs: Nanoseconds,
    end: () => void,
  ): void {
    const fault = `f${++this.#count}`;
    this.#acting.set(fault, end);
    this.#world.record({ kind: 'fault-started', fault, type, targets, parameters });
    this.#world.timeline.after(forNs, () => this.#end(fault));
  }

  #end(fault: FaultId): void {
    const end = this.#acting.get(fault);
    if (end === undefined) return;
    this.#acting.delete(fault);
    end();
    this.#world.record({ kind: 'fault-ended', fault });
  }

  #ask(command: object): EventId {
    return this.#world.record({ kind: 'operator', command, origin: 'schedule' });
  }

  #node(ref: NodeRef): SimNode | undefined {
    return this.#world.nodes.get(this.#world.resolve(ref));
  }

  #links(pairs: readonly (readonly [NodeRef, NodeRef])[]): (readonly [string, Link])[] {
    return pairs.map(([fromRef, toRef]) => {
      const from = this.#world.resolve(fromRef);
      const to = this.#world.resolve(toRef);
      return [`${from}>${to}`, this.#world.links.between(from, to)] as const;
    });
  }
}

function names(links: readonly (readonly [string, Link])[]): string[] {
  return links.map(([name]) => name);
}
