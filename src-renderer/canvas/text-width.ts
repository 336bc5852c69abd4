/** Widths of words, remembered: the same few labels are measured in every frame. */
const KEPT_MAX = 4_000;
const widths = new Map<string, number>();

/** The width of a text in a font, which the context is left with; pixels of the drawing. */
export function textWidth(context: CanvasRenderingContext2D, font: string, text: string): number {
  context.font = font;
  const key = `${font}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  const { width } = context.measureText(text);
  if (widths.size >= KEPT_MAX) widths.clear();
  widths.set(key, width);
  return width;
}

/** Faces that have just been loaded have other widths than those that stood in for them. */
export function forgetTextWidths(): void {
  widths.clear();
}
