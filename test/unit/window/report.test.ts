import { describe, expect, it } from 'vitest';
import type { BookmarkRow, EventDetail, QueryName, RunFigures } from '../../../src-main/api/index.ts';
import { parseReport } from '../../../src-main/api/schemas.ts';
import { escaped, html } from '../../../src-renderer/report/markup.ts';
import { gatherReport, REPORT_SECTIONS } from '../../../src-renderer/report/report-data.ts';
import type { AskRun, ReportSection } from '../../../src-renderer/report/report-data.ts';
import { reportPage } from '../../../src-renderer/report/report-page.ts';
import type { Tokens } from '../../../src-renderer/stores/appearance.ts';
import { clusterState, node, RUN } from './fake-lab.ts';

const HOSTILE = `</title><script>alert(1)</script><img src=x onerror="alert(2)">'"&\u202egnp`;
const TOKENS: Tokens = { colour: { s0: '#fff' } as Tokens['colour'], term: () => '#000', rem: 16 };
const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';

function bookmark(atNs: number, title: string, note = ''): BookmarkRow {
  return { id: RUN, atNs, event: null, title, note, fromNs: null, toNs: null, createdAt: '' };
}

const figures: RunFigures = {
  termMax: 3,
  messages: [{ type: 'AppendEntries', sent: 10, delivered: 8, bytes: 2_000 }],
  operations: [
    { outcome: 'ok', count: 5, p50Ms: 1.5, p99Ms: 9.25 },
    { outcome: 'fail', count: 0, p50Ms: null, p99Ms: null },
    { outcome: 'unknown', count: 1, p50Ms: 30, p99Ms: 30 },
    { outcome: 'open', count: 0, p50Ms: null, p99Ms: null },
  ],
};

function trace(changes: Partial<Record<QueryName, unknown>> = {}): AskRun {
  const answers: Partial<Record<QueryName, unknown>> = {
    info: {
      runId: RUN,
      title: 'A run',
      status: 'complete',
      statusReason: null,
      schemaVersion: 2,
      protocol: 'raft',
      profile: 'workshop',
      nodes: ['n1', 'n2', 'n3'],
      seed: 7,
      startedAt: '2025-11-23T09:00:02.500Z',
      durationNs: 4e9,
      events: 1_200,
      messages: 300,
      operations: 6,
      elections: 1,
      faults: 1,
      gaps: 0,
      findings: 0,
      fileBytes: 1e6,
      options: { heartbeatMs: 50 },
      scenario: 'put lamp on',
      versions: { 'quorum-lab': '1.0.0' },
      machine: { os: 'linux', cpu: 'one', cores: 2 },
    },
    bookmarks: { bookmarks: [] },
    stateAt: clusterState(1e9, [node('n1', { role: 'leader', term: 3 }), node('n2', { status: 'killed' })]),
    elections: { elections: [] },
    faults: {
      faults: [
        {
          id: 'f1',
          type: 'kill',
          targets: ['n2'],
          fromNs: 2e9,
          toNs: null,
          parameters: {},
          event: 'lab/1/4',
        },
      ],
    },
    figures,
    totals: {
      messages: { sent: 10, delivered: 8, dropped: 2 },
      operations: { invoked: 6, acknowledged: 5, failed: 0, unknown: 1 },
      findings: [],
    },
    operationBuckets: {
      buckets: [
        {
          fromNs: 0,
          toNs: 4e9,
          invoked: 6,
          acknowledged: 5,
          failed: 0,
          unknown: 1,
          p50Ms: 1.5,
          p99Ms: 9.25,
          maxMs: 10,
        },
      ],
    },
    ...changes,
  };
  return ((query: QueryName) => Promise.resolve(answers[query])) as AskRun;
}

async function page(
  changes: Partial<Record<QueryName, unknown>> = {},
  choice: { sections?: ReportSection[]; redacted?: boolean } = {},
): Promise<string> {
  const sections = new Set(choice.sections ?? REPORT_SECTIONS.map(({ name }) => name));
  const chosen = { sections, redacted: choice.redacted ?? false };
  const data = await gatherReport(
    {
      ask: trace(changes),
      paint: () => Promise.resolve({ dataUrl: PIXEL, widthPx: 8, heightPx: 4, text: 'the Timeline' }),
      madeAt: '2025-11-24T10:00:00.000Z',
    },
    chosen,
  );
  return reportPage(data, chosen, TOKENS);
}

describe('the page of a report', () => {
  it('never takes a title, a note, a reason or a finding for markup', async () => {
    const info = (await trace()('info', {})) as object;
    const text = await page({
      info: { ...info, title: HOSTILE, status: 'truncated', statusReason: HOSTILE, scenario: HOSTILE },
      bookmarks: { bookmarks: [bookmark(1e9, HOSTILE, HOSTILE)] },
      totals: {
        messages: { sent: 0, delivered: 0, dropped: 0 },
        operations: { invoked: 0, acknowledged: 0, failed: 0, unknown: 0 },
        findings: [{ rule: HOSTILE, text: HOSTILE }],
      },
      stateAt: clusterState(1e9, [node(HOSTILE, { leader: HOSTILE, votedFor: HOSTILE })]),
    });
    expect(text).not.toMatch(/<script|<img src=x|\u202e/);
    expect(text.split(escaped(HOSTILE)).length - 1).toBeGreaterThanOrEqual(8);
    // Nothing in it runs or loads.
    const ours = text.replaceAll(escaped(HOSTILE), '');
    expect(ours).not.toMatch(/<(script|link|iframe|object|embed|form)\b|\son\w+=|url\(|javascript:/i);
    expect(text).toContain("default-src 'none'");
    expect(text.startsWith('<!doctype html>')).toBe(true);
  });

  it('shows the marked moments in order, each with note, picture, states and a link to it', async () => {
    const text = await page({
      bookmarks: { bookmarks: [bookmark(1.25e9, 'First', 'two\n  lines'), bookmark(2e9, 'Second')] },
    });
    expect(text.indexOf('1. First')).toBeLessThan(text.indexOf('2. Second'));
    expect(text).toContain('<span>two\n  lines</span>');
    expect(text.split(PIXEL).length - 1).toBe(2);
    expect(text).toContain(`href="quorum-lab://run/${RUN}/timeline?at=1250000000`);
    expect(text).toMatch(/All nodes at\s+1\.250000 s/);
    expect(text).toMatch(/<td class="leader">\s*leader\s*<\/td>/);
    expect(text).toMatch(/<td class="down">\s*killed\s*<\/td>/);
  });

  it('says what the run was, and the figures of its operations and messages', async () => {
    const text = await page();
    for (const said of ['2025-11-23 09:00:02 UTC', 'linux, one, 2 cores', 'quorum-lab 1.0.0', RUN, 'kill n2'])
      expect(text).toContain(said);
    expect(text).toMatch(/acknowledged<\/th>\s*<td class="number">5<\/td>\s*<td class="number">1\.5 ms/);
    expect(text).toMatch(/AppendEntries<\/th>\s*<td class="number">10<\/td>\s*<td class="number">8</);
    expect(text).toContain('<svg');
    expect(text).not.toContain('class="warning"');
  });

  it('warns of a recording that was cut off or has gaps', async () => {
    const info = (await trace()('info', {})) as object;
    const text = await page({ info: { ...info, status: 'truncated', statusReason: 'killed', gaps: 2 } });
    expect(text).toContain('The recording was cut off: killed.');
    expect(text).toContain('The recording has 2 gaps');
  });

  it('leaves out the sections that are not wanted, and what clients wrote', async () => {
    const invoked: EventDetail = {
      id: 'load/1/4',
      text: 'client c1 begins c1.1: put secret 42',
      event: { kind: 'invoke', source: 'load', incarnation: 1, seq: 4, atNs: 1e9, step: 0 } as never,
    };
    const marked = {
      bookmarks: { bookmarks: [{ ...bookmark(1e9, 'Marked'), event: invoked.id }] },
      event: invoked,
    };
    expect(await page(marked)).toContain('put secret 42');
    expect(await page(marked)).toContain('put lamp on');
    const redacted = await page(marked, { redacted: true });
    expect(redacted).not.toMatch(/put secret 42|put lamp on/);
    expect(redacted).toContain('was left out');
    const few = await page(marked, { sections: ['faults'] });
    expect(few.match(/<h2 id="[a-z]+">/g)).toEqual(['<h2 id="faults">']);
  });
});

describe('text in a page', () => {
  it('is text, in content and in attributes, unless it was made as markup', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(html`<p title="${'"'}">${inner}${[1, '&']}${null}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;i&gt;</b>1&amp;</p>',
    );
  });
});

describe('the door of the desktop', () => {
  it('takes a report by a name that is no path', () => {
    const report = { name: 'a-run-report', format: 'pdf', html: '<p>' };
    expect(parseReport(report)).toEqual(report);
    for (const wrong of [
      { ...report, name: '../a' },
      { ...report, name: 'a.html' },
      { ...report, format: 'exe' },
      { ...report, path: '/tmp/a' },
      'a report',
    ])
      expect(() => parseReport(wrong)).toThrow('saveReport');
  });
});
