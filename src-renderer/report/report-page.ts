/** A report as one page of HTML that needs nothing else: no script, no other file, no network. Pure. */
import type { TraceInfo } from '../../src-main/api/index.ts';
import { formatMoment } from '../canvas/timeline/time.ts';
import type { Tokens } from '../stores/appearance.ts';
import { bytes, count, counted } from '../wording/figures.ts';
import { protocolName } from '../wording/protocol.ts';
import { html, Markup } from './markup.ts';
import type { ReportChoice, ReportData, ReportSection } from './report-data.ts';
import { moments } from './report-moments.ts';
import { elections, faults, figures, findings, latency, settings } from './report-sections.ts';
import { reportStyle } from './report-style.ts';

export function reportPage(data: ReportData, choice: ReportChoice, tokens: Tokens): string {
  const { info } = data;
  const part = (section: ReportSection, content: () => Markup): Markup | false =>
    choice.sections.has(section) && content();
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        />
        <meta name="generator" content="Quorum Lab" />
        <title>${info.title} – report</title>
        <style>
          ${new Markup(reportStyle(tokens))}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>${info.title}</h1>
            <p class="lead">
              Report of a recorded run of ${counted(info.nodes.length, 'node')},
              ${protocolName(info.protocol)}, profile ${info.profile}.
            </p>
            ${warnings(info)} ${facts(data)}
          </header>
          ${part('moments', () => moments(data, choice))} ${part('elections', () => elections(data))}
          ${part('figures', () => figures(data))} ${part('latency', () => latency(data))}
          ${part('faults', () => faults(data))} ${part('findings', () => findings(data))}
          ${part('settings', () => settings(info, choice))}
          <footer>
            Made by Quorum Lab at ${utc(data.madeAt)}. Links open the moment in Quorum Lab where the trace
            is.${choice.redacted && ' What clients and operators wrote was left out.'}
          </footer>
        </main>
      </body>
    </html> `;
  return page.text;
}

function warnings({ status, statusReason, gaps, findings: found }: TraceInfo): Markup[] {
  const said: string[] = [];
  if (status === 'truncated')
    said.push(`The recording was cut off${statusReason === null ? '' : `: ${statusReason}`}.`);
  if (status === 'recording') said.push('The run was still being recorded when this report was made.');
  if (gaps > 0)
    said.push(
      `The recording has ${counted(gaps, 'gap')}; verdicts and counts that depend on what is missing are not certain.`,
    );
  if (found > 0) said.push(`Checks found ${counted(found, 'violation')}.`);
  return said.map((text) => html`<p class="warning">${text}</p>`);
}

function facts({ info, figures: run, elections: held }: ReportData): Markup {
  const { machine, versions } = info;
  const rows: [string, string, wide?: boolean][] = [
    ['started', utc(info.startedAt)],
    ['length', formatMoment(info.durationNs, 3)],
    ['nodes', info.nodes.join(', ')],
    ['seed', String(info.seed)],
    ['elections', count(held.length)],
    ['highest term', count(run.termMax)],
    ['events', count(info.events)],
    ['messages', count(info.messages)],
    ['recording', info.status === 'truncated' ? 'cut off' : info.status],
    ['gaps', count(info.gaps)],
    ['trace', bytes(info.fileBytes)],
    ['schema', `version ${info.schemaVersion}`],
    ['machine', `${machine.os}, ${machine.cpu}, ${counted(machine.cores, 'core')}`, true],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      true,
    ],
    ['run', info.runId, true],
  ];
  return html`<dl>
    ${rows.map(
      ([name, value, wide]) =>
        html`<dt>${name}</dt><dd${wide === true && new Markup(' class="wide"')}>${value}</dd>`,
    )}
  </dl>`;
}

/** `2025-11-23 09:00:00 UTC`: a report is read elsewhere. */
function utc(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(iso);
  return match ? `${match[1] ?? ''} ${match[2] ?? ''} UTC` : iso;
}
