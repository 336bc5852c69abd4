/** Fields of a message's body, which comes from a trace and may be anything. Pure. */

export type Fields = { readonly [field: string]: unknown };

export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface Explanation {
  readonly title: string;
  readonly text: string;
  /** Sections of the Raft paper (extended version). */
  readonly sections: readonly string[];
  /** Sections of Ongaro's dissertation. */
  readonly dissertation?: readonly string[];
}

export function numberOf(body: object, field: string): number | undefined {
  const value = (body as Fields)[field];
  return typeof value === 'number' ? value : undefined;
}
export function textOf(body: object, field: string): string | undefined {
  const value = (body as Fields)[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
export function flagOf(body: object, field: string): boolean {
  return (body as Fields)[field] === true;
}

/** `1353 @ term 3`; before the first entry: `empty`. */
export function position(index: number | undefined, term: number | undefined): string {
  if (index === undefined) return 'unknown';
  if (index === 0) return 'empty';
  return term === undefined ? String(index) : `${index} @ term ${term}`;
}
