/**
 * Links into the lab: `quorum-lab://run/<runId>/<view>?v=1&at=<ns>&select=<kind>:<id>…`. The window's own address carries the same
 * fields. A link comes from anywhere, so each field is checked by itself and one that is not sound is left out: what remains still
 * leads to its run.
 */

export const VIEWS = ['cluster', 'timeline', 'latency', 'compare'] as const;
export type RunView = (typeof VIEWS)[number];

/** Of the fields' meaning. A later one may say more; what is known of it keeps its meaning. */
const LINK_VERSION = 1;

/** Where in a run: the moment, what is selected, what is shown and what is followed. */
export interface RunPlace {
  atNs?: number;
  /** `message:n3/1/204`, as the window names what is selected. */
  select?: string;
  /** The stretch of the run that the Timeline shows; both or none. */
  fromNs?: number;
  toNs?: number;
  /** The Timeline's filter, as typed. */
  filter?: string;
  /** `entry:1353@5`, as the window names what is followed. */
  follow?: string;
  /** `causal`: the Timeline lays out by causality; absent: by time. */
  layout?: 'causal';
  /** Compare: the other run, and what each of the two is aligned at, as the window names it; absent: the usual moment. */
  with?: string;
  alignA?: string;
  alignB?: string;
}

export interface RunLink extends RunPlace {
  runId: string;
  view: RunView;
  /** It was made by a later version, which may have said more. */
  later?: true;
}

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SELECT_LENGTH_MAX = 100;
const FILTER_LENGTH_MAX = 400;

export function formatLink(link: RunLink): string {
  const query = new URLSearchParams();
  putPlace(query, link);
  if (query.size > 0) query.set('v', String(LINK_VERSION));
  const tail = query.size > 0 ? `?${query}` : '';
  return `quorum-lab://run/${link.runId}/${link.view}${tail}`;
}

/** Undefined for anything that is not a link of ours. */
export function parseLink(text: string): RunLink | undefined {
  const match = /^quorum-lab:\/\/run\/([^/?#]+)(?:\/([^/?#]*))?\/?(?:\?([^#]*))?$/.exec(text.trim());
  if (!match?.[1] || !RUN_ID.test(match[1])) return undefined;
  const query = new URLSearchParams(match[3] ?? '');
  const view = VIEWS.find((name) => name === match[2]) ?? 'timeline';
  const version = Number(query.get('v') ?? LINK_VERSION);
  return {
    runId: match[1],
    view,
    ...takePlace(query),
    ...(version > LINK_VERSION ? { later: true as const } : {}),
  };
}

/** Puts a place's fields among an address's. */
export function putPlace(query: URLSearchParams, place: RunPlace): void {
  const { atNs, select, fromNs, toNs, filter, follow, layout, alignA, alignB } = place;
  if (atNs !== undefined) query.set('at', String(atNs));
  if (select !== undefined) query.set('select', select);
  if (fromNs !== undefined && toNs !== undefined) {
    query.set('from', String(fromNs));
    query.set('to', String(toNs));
  }
  if (filter !== undefined && filter !== '') query.set('filter', filter);
  if (follow !== undefined) query.set('follow', follow);
  if (layout !== undefined) query.set('layout', layout);
  if (place.with !== undefined) query.set('with', place.with);
  if (alignA !== undefined) query.set('alignA', alignA);
  if (alignB !== undefined) query.set('alignB', alignB);
}

/** The sound fields of an address. */
export function takePlace(query: URLSearchParams): RunPlace {
  const place: RunPlace = {};
  const atNs = nanosecondsIn(query, 'at');
  if (atNs !== undefined) place.atNs = atNs;
  const fromNs = nanosecondsIn(query, 'from');
  const toNs = nanosecondsIn(query, 'to');
  if (fromNs !== undefined && toNs !== undefined && toNs > fromNs) Object.assign(place, { fromNs, toNs });
  const select = query.get('select');
  if (select !== null && select.length <= SELECT_LENGTH_MAX) place.select = select;
  const follow = query.get('follow');
  if (follow !== null && follow.length <= SELECT_LENGTH_MAX) place.follow = follow;
  const filter = query.get('filter');
  if (filter !== null && filter.length <= FILTER_LENGTH_MAX) place.filter = filter;
  if (query.get('layout') === 'causal') place.layout = 'causal';
  const other = query.get('with');
  if (other !== null && RUN_ID.test(other)) place.with = other;
  for (const name of ['alignA', 'alignB'] as const) {
    const moment = query.get(name);
    if (moment !== null && moment.length <= SELECT_LENGTH_MAX) place[name] = moment;
  }
  return place;
}

function nanosecondsIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || !/^\d{1,16}$/.test(text)) return undefined;
  const ns = Number(text);
  return Number.isSafeInteger(ns) ? ns : undefined;
}
