/** The tokens as canvas and charts use them: plain colours, fonts, and fills that text can be read on. */
import type { ColourName, Tokens } from '../../stores/appearance.ts';
import { formatColour, legible, mix, parseColour } from './colour.ts';
import type { Rgb } from './colour.ts';

/** A term's colour in its three uses. */
export interface TermFills {
  /** Lines and marks. */
  readonly hue: string;
  /** A leader's bar, a committed cell. */
  readonly solid: { readonly fill: string; readonly ink: string };
  /** A follower's bar, an uncommitted cell. */
  readonly tint: { readonly fill: string; readonly ink: string };
}

export interface Palette extends Record<Exclude<ColourName, 'on-term'>, string> {
  readonly onTerm: string;
  term(term: number): TermFills;
  /** CSS font shorthands for `context.font`. */
  sans(px: number, weight?: number): string;
  mono(px: number, weight?: number): string;
}

const TINT_SHARE = 0.44;
const GREY: Rgb = [128, 128, 128];

export function makePalette(tokens: Tokens): Palette {
  const { 'on-term': onTerm, ...colours } = tokens.colour;
  const rgb = (text: string): Rgb => parseColour(text) ?? GREY;
  const inks = [rgb(onTerm), rgb(colours.t1)];
  const known = new Map<string, TermFills>();
  const fillsOf = (hue: string): TermFills => {
    const solid = legible(rgb(hue), inks);
    const tint = legible(mix(rgb(hue), rgb(colours.s0), TINT_SHARE), [rgb(colours.t1)]);
    return {
      hue,
      solid: { fill: formatColour(solid.fill), ink: formatColour(solid.ink) },
      tint: { fill: formatColour(tint.fill), ink: formatColour(tint.ink) },
    };
  };
  return {
    ...colours,
    onTerm,
    term: (term) => {
      const hue = tokens.term(term);
      const fills = known.get(hue) ?? fillsOf(hue);
      known.set(hue, fills);
      return fills;
    },
    sans: (px, weight = 400) => `${weight} ${px}px 'Inter Variable', system-ui, sans-serif`,
    mono: (px, weight = 400) => `${weight} ${px}px 'JetBrains Mono Variable', ui-monospace, monospace`,
  };
}
