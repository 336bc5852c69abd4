/**
 * Makes a schedule that breaks a rule small: delta debugging (Zeller and Hildebrandt, 2002) over what is done to the cluster and what
 * clients call, and no more time than it takes. The same rule must still break.
 */
import type { OperationId } from '../consensus/replica.ts';
import type { RunFinding } from './engine/finding.ts';
import { runSchedule } from './run.ts';
import type { Action, ClientPlan, LinkQuality, PlannedCall, Schedule } from './schedule/schedule.ts';

export interface Shrunk {
  readonly schedule: Schedule;
  readonly finding: RunFinding;
  /** Schedules run on the way. */
  readonly runs: number;
}

/** Something that can be left out. */
type Item = { readonly action: Action } | { readonly operation: OperationId };

const RUNS_MAX = 600;

export function shrink(schedule: Schedule, finding: RunFinding): Shrunk {
  const search = new Search(schedule, finding);
  for (;;) {
    const before = search.size;
    search.shorten();
    search.leaveOut();
    search.simplify();
    if (search.size === before || search.isTired) break;
  }
  search.shorten();
  return { schedule: search.schedule, finding: search.finding, runs: search.runs };
}

class Search {
  schedule: Schedule;
  finding: RunFinding;
  runs = 0;

  constructor(schedule: Schedule, finding: RunFinding) {
    this.schedule = schedule;
    this.finding = finding;
  }

  get size(): number {
    return itemsOf(this.schedule).length;
  }

  get isTired(): boolean {
    return this.runs >= RUNS_MAX;
  }

  /** What comes after the rule broke had no part in it. */
  shorten(): void {
    const { atNs, rule } = this.finding;
    const { stable, actions } = this.schedule;
    const isUnreached = stable !== null && atNs < stable.atNs;
    if (rule === 'liveness' && !isUnreached) return;
    this.#try({
      ...this.schedule,
      actions: actions.filter((action) => action.atNs <= atNs),
      stable: isUnreached ? null : stable,
      untilNs: atNs,
    });
  }

  /** ddmin: leaves out as much at a time as it can. */
  leaveOut(): void {
    let items = itemsOf(this.schedule);
    let parts = 2;
    while (items.length > 0 && !this.isTired) {
      const kept = this.#withoutOnePart(items, Math.min(parts, items.length));
      if (kept !== undefined) {
        items = kept;
        parts = Math.max(2, parts - 1);
      } else if (parts >= items.length) return;
      else parts = Math.min(items.length, parts * 2);
    }
  }

  /** Links without whims of their own, if it breaks like that too. */
  simplify(): void {
    const { environment } = this.schedule;
    const calm = (links: LinkQuality): LinkQuality => ({ ...links, loss: 0, duplicate: 0, straggle: 0 });
    const links = calm(environment.links);
    const clientLinks = calm(environment.clientLinks);
    if (JSON.stringify([links, clientLinks]) === JSON.stringify([environment.links, environment.clientLinks]))
      return;
    this.#try({ ...this.schedule, environment: { ...environment, links, clientLinks } });
  }

  #withoutOnePart(items: readonly Item[], parts: number): Item[] | undefined {
    const size = Math.ceil(items.length / parts);
    for (let from = 0; from < items.length; from += size) {
      const kept = items.filter((_, at) => at < from || at >= from + size);
      if (this.isTired) return undefined;
      if (this.#try(withItems(this.schedule, kept))) return kept;
    }
    return undefined;
  }

  #try(candidate: Schedule): boolean {
    this.runs++;
    const { finding } = runSchedule(candidate);
    if (finding?.rule !== this.finding.rule) return false;
    this.schedule = candidate;
    this.finding = finding;
    return true;
  }
}

function itemsOf({ actions, clients }: Schedule): Item[] {
  const calls = clients.flatMap(({ id, calls: planned }) =>
    planned.map(({ number }): Item => ({ operation: `${id}/${number}` })),
  );
  return [...calls, ...actions.map((action): Item => ({ action }))];
}

function withItems(schedule: Schedule, items: readonly Item[]): Schedule {
  const actions = items.flatMap((item) => ('action' in item ? [item.action] : []));
  const kept = new Set(items.flatMap((item) => ('operation' in item ? [item.operation] : [])));
  const clients = schedule.clients
    .map((client) => ({ ...client, calls: withCalls(client, kept) }))
    .filter(({ calls }) => calls.length > 0);
  return { ...schedule, actions, clients };
}

/** The pauses before calls that are left out stay, so that the others come about when they did. */
function withCalls({ id, calls }: ClientPlan, kept: ReadonlySet<OperationId>): PlannedCall[] {
  const left: PlannedCall[] = [];
  let pausedNs = 0;
  for (const call of calls) {
    if (kept.has(`${id}/${call.number}`)) {
      left.push(pausedNs === 0 ? call : { ...call, afterNs: call.afterNs + pausedNs });
      pausedNs = 0;
    } else pausedNs += call.afterNs;
  }
  return left;
}
