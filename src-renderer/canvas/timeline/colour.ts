/** Colour arithmetic for canvas and charts: mixing tokens, and ink that can be read on them (WCAG 2 contrast). */

export type Rgb = readonly [red: number, green: number, blue: number];

/** `#rgb`, `#rrggbb` or `rgb(r g b)`; undefined for anything else. */
export function parseColour(text: string): Rgb | undefined {
  const value = text.trim();
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(value)?.[1];
  if (hex !== undefined) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
    const number = parseInt(digits, 16);
    return [number >> 16, (number >> 8) & 255, number & 255];
  }
  const parts = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/.exec(value);
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : undefined;
}

export function formatColour([red, green, blue]: Rgb): string {
  const hex = (part: number): string => Math.round(part).toString(16).padStart(2, '0');
  return `#${hex(red)}${hex(green)}${hex(blue)}`;
}

/** `share` of `over`, the rest of `under`. */
export function mix(over: Rgb, under: Rgb, share: number): Rgb {
  const part = (a: number, b: number): number => a * share + b * (1 - share);
  return [part(over[0], under[0]), part(over[1], under[1]), part(over[2], under[2])];
}

function luminance(colour: Rgb): number {
  const linear = (part: number): number => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2]);
}

/** From 1 (the same) to 21 (black on white). */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const TEXT_CONTRAST_MIN = 4.5;
/** How far a fill may move for the sake of the first ink before another ink is tried. */
const MOVE_MAX = 0.2;

/**
 * A fill as close to the wanted one as text allows: the first ink that reads (4.5:1) on the fill moved away from it by at most a
 * fifth; where none does, the pair that had to move least.
 */
export function legible(fill: Rgb, inks: readonly Rgb[]): { fill: Rgb; ink: Rgb } {
  let best: { fill: Rgb; ink: Rgb; moved: number } | undefined;
  for (const ink of inks) {
    const away: Rgb = luminance(ink) > 0.5 ? [0, 0, 0] : [255, 255, 255];
    let moved = 0;
    while (moved < 1 && contrast(mix(away, fill, moved), ink) < TEXT_CONTRAST_MIN) moved += 0.02;
    if (best === undefined || moved < best.moved) best = { fill: mix(away, fill, moved), ink, moved };
    if (best.moved <= MOVE_MAX) break;
  }
  return best ?? { fill, ink: [255, 255, 255] };
}
