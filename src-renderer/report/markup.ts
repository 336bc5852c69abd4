/** Text into HTML. Titles and notes come from anywhere, so whatever is put into a page is text unless it was made here. */

/** A piece of HTML, made by {@link html} alone. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Markup | null | false | readonly Part[];

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Unseen characters that make text read otherwise than it stands: controls, and those that turn its direction. */
const UNSEEN = /(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

export function escaped(text: string): string {
  return text.replace(UNSEEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A template whose parts are escaped, attributes (always in double quotes) included; lists are joined, null and false left out. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? '';
  for (const [at, part] of parts.entries()) text += write(part) + (strings[at + 1] ?? '');
  return new Markup(text);
}

function write(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(write).join('');
  return escaped(String(part));
}
