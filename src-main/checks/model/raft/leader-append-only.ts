import type { EventHead } from '../../../trace/model/events.ts';
import type { NodeFacts } from '../cluster.ts';
import type { Handlers, Rule, Watch } from '../rule.ts';

/** A leader never truncates or overwrites its own log; it only appends (Raft §5.3). */
export class LeaderAppendOnly implements Rule {
  readonly id = 'leader-append-only';
  checked = 0;
  readonly #watch: Watch;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    append: (event) => {
      const leader = this.#leader(event);
      if (leader === undefined) return;
      this.checked++;
      if (leader.overwritten === 0) return;
      const { first } = event;
      this.#report(leader, event, `overwrote entries ${first} to ${first + leader.overwritten - 1}`);
    },
    truncate: (event) => {
      const leader = this.#leader(event);
      if (leader !== undefined)
        this.#report(leader, event, `removed entries ${event.first} to ${event.last}`);
    },
    snapshot: (event) => {
      if (event.stage !== 'installed') return;
      const leader = this.#leader(event);
      if (leader !== undefined)
        this.#report(leader, event, `replaced its log by a snapshot of entry ${event.index}`);
    },
  };

  #leader({ source }: EventHead): NodeFacts | undefined {
    const node = this.#watch.cluster.node(source);
    return node.role === 'leader' && node.known ? node : undefined;
  }

  #report(leader: NodeFacts, at: EventHead, did: string): void {
    const sentence = `${leader.id}, the leader of term ${leader.term}, ${did}`;
    this.#watch.findings.report(this.id, sentence, at, [leader.roleSince]);
  }
}
