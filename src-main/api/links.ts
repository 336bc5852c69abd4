/**
 * Links into the lab, also the window's own address: `quorum-lab://run/<runId>/<view>?at=<ns>&select=<id>`.
 */

export const VIEWS = ['cluster', 'timeline', 'latency'] as const;
export type RunView = (typeof VIEWS)[number];

export interface RunLink {
  runId: string;
  view: RunView;
  atNs?: number;
  select?: string;
}

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function formatLink(link: RunLink): string {
  const query = new URLSearchParams();
  if (link.atNs !== undefined) query.set('at', String(link.atNs));
  if (link.select !== undefined) query.set('select', link.select);
  const tail = query.size > 0 ? `?${query}` : '';
  return `quorum-lab://run/${link.runId}/${link.view}${tail}`;
}

/** Undefined for anything that is not a link of ours. */
export function parseLink(text: string): RunLink | undefined {
  const match = /^quorum-lab:\/\/run\/([^/?]+)(?:\/([^/?]*))?(?:\?(.*))?$/.exec(text);
  if (!match?.[1] || !RUN_ID.test(match[1])) return undefined;
  const view = VIEWS.find((name) => name === match[2]) ?? 'timeline';
  const query = new URLSearchParams(match[3] ?? '');
  const link: RunLink = { runId: match[1], view };
  const at = query.get('at');
  if (at !== null && /^\d{1,16}$/.test(at)) link.atNs = Number(at);
  const select = query.get('select');
  if (select !== null && select.length <= 80) link.select = select;
  return link;
}
