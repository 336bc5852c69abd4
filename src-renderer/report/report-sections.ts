/** The parts of a report behind the marked moments: tables, a chart, and the settings. */
import type { TraceInfo } from '../../src-main/api/index.ts';
import { faultTitle } from '../canvas/timeline/spans.ts';
import { formatMoment } from '../canvas/timeline/time.ts';
import { bytes, count, counted, milliseconds } from '../wording/figures.ts';
import { latencyChart } from './latency-chart.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { ReportChoice, ReportData } from './report-data.ts';
import { headings, linkTo, numbers, table } from './report-table.ts';

export function elections({ elections: rows, info }: ReportData): Markup {
  const ms = (value: number | null): string => (value === null ? '–' : milliseconds(value));
  return table({
    id: 'elections',
    title: 'Elections',
    none: 'No leader was elected.',
    headings: [
      'leader',
      '#term',
      'before',
      '#elected at',
      '#detection',
      '#campaign',
      '#first commit',
      '#downtime',
      '#split votes',
      'votes from',
      '',
    ],
    rows: rows.map(
      (row) =>
        html`<tr>
          <th scope="row">${row.leader}</th>
          ${numbers(row.term)}
          <td>${row.previousLeader ?? 'nobody'}</td>
          ${numbers(formatMoment(row.electedNs, 4), ms(row.detectionMs), ms(row.campaignMs), row.firstCommitMs === null ? 'never' : ms(row.firstCommitMs), ms(row.downtimeMs), row.splitVotes)}
          <td>${row.voters.join(', ')}</td>
          <td>${linkTo(info, row.startedNs, `election:${row.number}`)}</td>
        </tr>`,
    ),
  });
}

export function figures({ figures: run, totals }: ReportData): Markup {
  const ms = (value: number | null): string => (value === null ? '–' : milliseconds(value));
  const names = { ok: 'acknowledged', fail: 'failed', unknown: 'unknown', open: 'never ended' };
  return html`<section aria-labelledby="figures">
    <h2 id="figures">Operations and messages</h2>
    <div class="scroll">
      <table>
        <caption>
          Client operations by outcome, and how long they took:
          ${counted(totals.operations.invoked, 'operation')}.
        </caption>
        <thead>
          <tr>
            ${headings('outcome', '#operations', '#p50', '#p99')}
          </tr>
        </thead>
        <tbody>
          ${run.operations.map(
            (row) =>
              html`<tr>
                <th scope="row">${names[row.outcome]}</th>
                ${numbers(count(row.count), ms(row.p50Ms), ms(row.p99Ms))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <div class="scroll">
      <table>
        <caption>
          Messages by type: ${count(totals.messages.sent)} sent, ${count(totals.messages.delivered)}
          delivered.
        </caption>
        <thead>
          <tr>
            ${headings('type', '#sent', '#delivered', '#not delivered', '#bytes')}
          </tr>
        </thead>
        <tbody>
          ${run.messages.map(
            (row) =>
              html`<tr>
                <th scope="row">${row.type}</th>
                ${numbers(count(row.sent), count(row.delivered), count(row.sent - row.delivered), bytes(row.bytes))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

export function latency({ buckets, elections: held, faults: injected, info }: ReportData): Markup {
  const chart = latencyChart({ buckets, elections: held, faults: injected, endNs: info.durationNs });
  const content =
    chart === null
      ? html`<p class="muted">No client operation was acknowledged.</p>`
      : html`<figure>
          ${chart}
          <figcaption>
            Above: latency of acknowledged operations, p50 blue and p99 violet, logarithmic. Below:
            acknowledged a second, green. Tinted: faults. Upright lines: a leader took office.
          </figcaption>
        </figure>`;
  return html`<section aria-labelledby="latency">
    <h2 id="latency">Latency over time</h2>
    ${content}
  </section>`;
}

export function faults({ faults: rows, info }: ReportData): Markup {
  return table({
    id: 'faults',
    title: 'Faults',
    none: 'Nothing was injected.',
    headings: ['fault', '#from', '#to', 'parameters', ''],
    rows: rows.map(
      (row) =>
        html`<tr>
          <th scope="row">${faultTitle(row)}</th>
          ${numbers(formatMoment(row.fromNs, 4), row.toNs === null ? 'the end' : formatMoment(row.toNs, 4))}
          <td class="mono">
            ${Object.keys(row.parameters).length === 0 ? '–' : JSON.stringify(row.parameters)}
          </td>
          <td>${linkTo(info, row.fromNs, `fault:${row.id}`)}</td>
        </tr>`,
    ),
  });
}

export function findings({ totals, info }: ReportData): Markup {
  return table({
    id: 'findings',
    title: 'Findings',
    none:
      info.gaps > 0
        ? 'The trace holds no finding; with gaps in the recording, that proves little.'
        : 'The trace holds no finding.',
    headings: ['rule', 'what was found'],
    rows: totals.findings.map(
      ({ rule, text }) =>
        html`<tr>
          <th scope="row">${rule}</th>
          <td>${text}</td>
        </tr>`,
    ),
  });
}

export function settings({ options, scenario }: TraceInfo, { redacted }: ReportChoice): Markup {
  const script =
    scenario === null
      ? html`<p class="muted">The run was no scenario: it was worked by hand.</p>`
      : redacted
        ? html`<p class="muted">The scenario was left out.</p>`
        : html`<h3>Scenario</h3>
            <pre>${scenario}</pre>`;
  return html`<section aria-labelledby="settings">
    <h2 id="settings">Settings and scenario</h2>
    <h3>Options of the replicas</h3>
    <pre>${JSON.stringify(options, null, 2)}</pre>
    ${script}
  </section>`;
}
