/** What can be followed, and how links and prompts name it. Pure. */

export type FollowTarget =
  /** An event, or the message that it sent: what led to it and what came of it. */
  | { readonly kind: 'message'; readonly id: string }
  | { readonly kind: 'entry'; readonly index: number; readonly term: number | null }
  | { readonly kind: 'operation'; readonly id: string };

/** `entry:1353@5`, `operation:c1/7`, `message:n3/1/204`, as it stands in links. */
export function formatTarget(target: FollowTarget): string {
  if (target.kind === 'entry') return `entry:${target.index}${target.term === null ? '' : `@${target.term}`}`;
  return `${target.kind}:${target.id}`;
}

/** Null for anything else. */
export function parseTarget(text: string): FollowTarget | null {
  const [, kind, rest] = /^(message|entry|operation):(.{1,80})$/.exec(text) ?? [];
  if (kind === undefined || rest === undefined) return null;
  if (kind === 'entry') return parseEntry(rest);
  return kind === 'message' ? { kind, id: rest } : { kind: 'operation', id: rest };
}

/** `1353`, `1,353` or `1353@5` as people type it. */
export function parseEntry(text: string): Extract<FollowTarget, { kind: 'entry' }> | null {
  const [, index, term] = /^(\d[\d,]{0,14})(?:@(\d{1,9}))?$/.exec(text.trim()) ?? [];
  const number = Number(index?.replaceAll(',', ''));
  if (index === undefined || number < 1 || !Number.isSafeInteger(number)) return null;
  return { kind: 'entry', index: number, term: term === undefined ? null : Number(term) };
}
