/** The marked moments of a report: what was noted, the Timeline around it, and what every node was. */
import type { NodeState, TraceInfo } from '../../src-main/api/index.ts';
import { formatMoment } from '../canvas/timeline/time.ts';
import { roleWord } from '../wording/nodes.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { ReportChoice, ReportData, ReportMoment } from './report-data.ts';
import { headings, linkTo, numbers } from './report-table.ts';

/** Their sentences hold keys and values. */
const WRITTEN_KINDS: ReadonlySet<string> = new Set(['invoke', 'complete', 'operator', 'request', 'answer']);

export function moments(data: ReportData, choice: ReportChoice): Markup {
  const content =
    data.moments.length === 0
      ? html`<p class="muted">No moment was marked in this run.</p>`
      : html`${data.moments.map((moment, at) => momentPart(moment, at + 1, data.info, choice))}`;
  return html`<section aria-labelledby="moments">
    <h2 id="moments">Marked moments</h2>
    ${content}
  </section>`;
}

function momentPart(
  { bookmark, event, state, picture }: ReportMoment,
  number: number,
  info: TraceInfo,
  { redacted }: ReportChoice,
): Markup {
  const when = formatMoment(bookmark.atNs, 6);
  const sentence = event !== null && !(redacted && WRITTEN_KINDS.has(event.event.kind)) && event.text;
  return html`<article class="moment" aria-labelledby="moment-${number}">
    <header>
      <h3 id="moment-${number}">${number}. ${bookmark.title}</h3>
      <span class="when mono">${when}</span
      >${linkTo(info, bookmark.atNs, bookmark.event === null ? undefined : `event:${bookmark.event}`)}
    </header>
    ${bookmark.note !== '' && html`<p class="note"><span>${bookmark.note}</span></p>`}
    ${sentence !== false && html`<p><span class="muted">Event:</span> ${sentence} <span class="muted mono">${event?.id ?? ''}</span></p>`}
    ${
      picture !== null &&
      html`<figure>
        <img
          src="${picture.dataUrl}"
          width="${picture.widthPx}"
          height="${picture.heightPx}"
          alt="${picture.text}"
        />
        <figcaption>${picture.text}</figcaption>
      </figure>`
    }
    <div class="scroll states">
      <table>
        <caption>
          All nodes at ${when}
        </caption>
        <thead>
          <tr>
            ${headings('node', 'role', '#term', 'vote', 'leader', '#last entry', '#commit', '#applied', 'process')}
          </tr>
        </thead>
        <tbody>
          ${state.nodes.map(nodeRow)}
        </tbody>
      </table>
    </div>
  </article>`;
}

function nodeRow(node: NodeState): Markup {
  const down = node.status !== 'running';
  const tone = down ? 'down' : node.role.replace('pre-', '');
  return html`<tr>
    <th scope="row">${node.id}</th>
    <td class="${tone}">${roleWord(node)}</td>
    ${numbers(node.term)}
    <td>${node.votedFor ?? '–'}</td>
    <td>${node.leader ?? '–'}</td>
    ${numbers(node.lastIndex, node.commit, node.applied)}
    <td>${node.pid === null ? node.status : `pid ${node.pid}, incarnation ${node.incarnation}`}</td>
  </tr>`;
}
