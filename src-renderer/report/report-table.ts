/** Tables of a report. */
import type { TraceInfo } from '../../src-main/api/index.ts';
import { formatLink } from '../../src-main/api/links.ts';
import { formatMoment } from '../canvas/timeline/time.ts';
import { count } from '../wording/figures.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { ReportSection } from './report-data.ts';

export interface TablePart {
  id: ReportSection;
  title: string;
  none: string;
  headings: readonly string[];
  rows: readonly Markup[];
}

/** A section that is one table, or says why there is none. */
export function table(part: TablePart): Markup {
  const content =
    part.rows.length === 0
      ? html`<p class="muted">${part.none}</p>`
      : html`<div class="scroll">
          <table>
            <thead>
              <tr>
                ${headings(...part.headings)}
              </tr>
            </thead>
            <tbody>
              ${part.rows}
            </tbody>
          </table>
        </div>`;
  return html`<section aria-labelledby="${part.id}">
    <h2 id="${part.id}">${part.title}</h2>
    ${content}
  </section>`;
}

/** `#` marks a column of numbers; an empty heading is no heading. */
export function headings(...names: string[]): Markup[] {
  return names.map((name) => {
    if (name === '') return html`<td></td>`;
    return name.startsWith('#')
      ? html`<th scope="col" class="number">${name.slice(1)}</th>`
      : html`<th scope="col">${name}</th>`;
  });
}

export function numbers(...values: (string | number)[]): Markup[] {
  return values.map(
    (value) => html`<td class="number">${typeof value === 'number' ? count(value) : value}</td>`,
  );
}

/** A link that opens the moment in the lab. */
export function linkTo({ runId }: TraceInfo, atNs: number, select?: string): Markup {
  const link = formatLink({
    runId,
    view: 'timeline',
    atNs: Math.round(atNs),
    ...(select === undefined ? {} : { select }),
  });
  return html`<a
    class="link"
    href="${link}"
    aria-label="Open the moment ${formatMoment(atNs, 6)} in Quorum Lab"
    >open</a
  >`;
}
