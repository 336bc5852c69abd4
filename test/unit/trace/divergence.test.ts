import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTrace } from '../../../src-main/simulation/write-trace.ts';
import { CourseDigest, courseKey } from '../../../src-main/trace/model/course.ts';
import type { CourseScope } from '../../../src-main/trace/model/course.ts';
import { describeParting, findDivergence } from '../../../src-main/trace/model/divergence.ts';
import type { AskCourse, ComparedRun } from '../../../src-main/trace/model/divergence.ts';
import { eventId } from '../../../src-main/trace/model/events.ts';
import type { TraceEvent } from '../../../src-main/trace/model/events.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { OpenTrace } from '../../../src-main/trace/reader/open.ts';
import { MS, plainSchedule, watch, writer, type Plan } from '../simulation/plain-schedule.ts';
import { sampleHeader } from './sample-run.ts';

/** A trace that is a list of keys a source, a nanosecond apart. */
function listed(courses: Record<string, readonly string[]>): ComparedRun & { asked: number } {
  const run = {
    alignNs: 0,
    fromNs: 0,
    asked: 0,
    ask: ((params) => {
      run.asked++;
      const keys = courses[params.source] ?? [];
      const from = params.after === undefined ? 0 : Number(params.after.split('/')[2]);
      const part = keys.slice(from, from + params.limit);
      const digest = new CourseDigest();
      for (const key of part) digest.add(key);
      const idOf = (at: number): string => `${params.source}/1/${from + at + 1}`;
      return Promise.resolve({
        count: part.length,
        digest: digest.text,
        last: part.length > 0 ? idOf(part.length - 1) : null,
        more: from + part.length < keys.length,
        steps: params.steps
          ? part.map((key, at) => ({ id: idOf(at), atNs: from + at, key, text: `does ${key}` }))
          : [],
      });
    }) satisfies AskCourse,
  };
  return run;
}

function partAt(a: readonly string[], b: readonly string[]): number | null {
  for (let at = 0; at < Math.max(a.length, b.length); at++) if (a[at] !== b[at]) return at;
  return null;
}

describe('where two runs part', () => {
  const search = { sources: ['n1', 'n2'], scope: 'everything' as const };
  const course = fc.array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 400 });

  it('is the first step that differs in the order of its source, whatever the lengths', async () => {
    await fc.assert(
      fc.asyncProperty(course, course, course, async (shared, restA, restB) => {
        const [a, b] = [
          [...shared, ...restA],
          [...shared, ...restB],
        ];
        const found = await findDivergence(listed({ n1: a }), listed({ n1: b }), search);
        const at = partAt(a, b);
        expect(found?.first.same ?? null).toBe(at);
        if (at === null) return;
        expect(found?.first.a?.key).toBe(a[at]);
        expect(found?.first.b?.key).toBe(b[at]);
      }),
      { numRuns: 200 },
    );
  });

  it('is found in a hundred thousand steps with a few dozen questions', async () => {
    const long = Array.from({ length: 100_000 }, (_, at) => `append ${at}`);
    const changed = long.with(77_777, 'append otherwise');
    const [a, b] = [listed({ n1: long }), listed({ n1: changed })];
    const found = await findDivergence(a, b, search);
    expect(found?.first).toMatchObject({ source: 'n1', same: 77_777 });
    expect(a.asked).toBeLessThan(40);
    expect(await findDivergence(listed({ n1: long }), listed({ n1: [...long] }), search)).toBeNull();
  });

  it('is at the source that differs first, seen from the aligned moment, and the others are told too', async () => {
    const a = listed({ n1: ['x', 'x', 'x', 'y'], n2: ['x', 'y'] });
    const b = listed({ n1: ['x', 'x', 'x', 'z'], n2: ['x'] });
    const found = await findDivergence(a, b, search);
    expect(found?.partings.map(({ source }) => source)).toEqual(['n2', 'n1']);
    expect(found?.first).toMatchObject({ a: { key: 'y' }, b: null });
    expect(found && describeParting(found.first, { a: 'A', b: 'B' })).toBe(
      'A: does y. B: nothing more of n2.',
    );
  });

  it('is not searched for any further once nobody waits', async () => {
    const a = listed({ n1: ['x'] });
    const found = await findDivergence(a, listed({ n1: ['y'] }), { ...search, isCancelled: () => true });
    expect(found).toBeNull();
    expect(a.asked).toBe(0);
  });
});

describe('two traces of one schedule', () => {
  const plan = (changes: Plan = {}): Plan => ({
    clients: [writer('c1', 40, 30)],
    actions: [{ atNs: 900 * MS, kind: 'kill', node: '@0', power: false, downNs: 400 * MS }],
    untilMs: 2_500,
    ...changes,
  });
  const changed = plan({ options: { maxEntriesPerMessage: 1 } });
  const slower = plan({ options: { preVote: false } });
  let folder: string;
  const open: OpenTrace[] = [];

  async function traced(name: string, of: Plan): Promise<OpenTrace> {
    const file = path.join(folder, `${name}.qlab`);
    await writeTrace(plainSchedule(of), file, sampleHeader());
    const trace = openTrace(file);
    open.push(trace);
    return trace;
  }
  const compared = (trace: OpenTrace, alignNs = 0, fromNs = 0): ComparedRun => ({
    alignNs,
    fromNs,
    ask: (params) => Promise.resolve(trace.query('course', params)),
  });
  const sources = ['n1', 'n2', 'n3', 'lab'];

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-divergence-'));
  });
  afterAll(() => {
    for (const trace of open) trace.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Found the slow way: source by source, event by event. */
  function expected(a: Plan, b: Plan, scope: CourseScope): { a?: TraceEvent; b?: TraceEvent } | undefined {
    const pairs: { a?: TraceEvent; b?: TraceEvent; atNs: number }[] = [];
    const courseOf = (events: readonly TraceEvent[], source: string): TraceEvent[] =>
      events.filter((event) => event.source === source && courseKey(event, scope) !== undefined);
    const [one, other] = [watch(plainSchedule(a)).trace, watch(plainSchedule(b)).trace];
    for (const source of sources) {
      const [x, y] = [courseOf(one, source), courseOf(other, source)];
      const key = (event: TraceEvent | undefined): string | undefined => event && courseKey(event, scope);
      for (let at = 0; at < Math.max(x.length, y.length); at++) {
        if (key(x[at]) === key(y[at])) continue;
        const [left, right] = [x[at], y[at]];
        pairs.push({
          ...(left ? { a: left } : {}),
          ...(right ? { b: right } : {}),
          atNs: Math.min(left?.atNs ?? Infinity, right?.atNs ?? Infinity),
        });
        break;
      }
    }
    return pairs.sort((p, q) => p.atNs - q.atNs)[0];
  }

  it('with one option changed part at the very event', async () => {
    const first = await traced('plain', plan());
    for (const [name, other] of Object.entries({ changed, slower })) {
      const second = await traced(name, other);
      for (const scope of ['everything', 'elections'] as const) {
        const found = await findDivergence(compared(first), compared(second), { sources, scope });
        const wanted = expected(plan(), other, scope);
        expect(found?.first.a?.id).toBe(wanted?.a && eventId(wanted.a));
        expect(found?.first.b?.id).toBe(wanted?.b && eventId(wanted.b));
      }
    }
  });

  it('is told apart from one that goes on longer by nothing but its end', async () => {
    const whole = await traced('whole', plan());
    const half = await traced('half', plan({ untilMs: 1_500 }));
    const found = await findDivergence(compared(whole), compared(half), { sources, scope: 'everything' });
    for (const { a, b } of found?.partings ?? []) {
      expect(a?.atNs).toBeGreaterThan(1_400 * MS);
      expect(b).toBeNull();
    }
    expect(found?.partings.length).toBeGreaterThan(0);
  });

  it('do not part from themselves, from the start or from a moment on', async () => {
    const [one, same] = [await traced('one', plan()), await traced('same', plan())];
    for (const fromNs of [0, 900 * MS]) {
      for (const [a, b] of [
        [one, one],
        [one, same],
      ] as const) {
        const found = await findDivergence(compared(a, fromNs, fromNs), compared(b, fromNs, fromNs), {
          sources,
          scope: 'everything',
        });
        expect(found).toBeNull();
      }
    }
    // Something was compared.
    const all = one.query('course', {
      source: 'n2',
      scope: 'everything',
      fromNs: 0,
      limit: 65_536,
      steps: false,
    });
    expect(all.count).toBeGreaterThan(50);
  });
});
