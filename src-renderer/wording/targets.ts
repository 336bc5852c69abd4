/** What a fault acts on, in words: nodes by name, links by what they are together. */

const SHOWN = 3;

/** `n1, n2`; `n1 → n2`; `n1 ⇄ n2`; `all links`; `n1 ⇄ n2, n1 ⇄ n3 and 4 more links`. */
export function targetWords(targets: readonly string[]): string {
  const links = targets.filter((target) => target.includes('>'));
  const others = targets.filter((target) => !target.includes('>'));
  return [...others, ...linkWords(links)].join(', ');
}

function linkWords(links: readonly string[]): string[] {
  const all = new Set(links);
  const ends = new Set(links.flatMap((link) => link.split('>')));
  if (ends.size > 2 && all.size === ends.size * (ends.size - 1)) return ['all links'];
  const words = [...all].flatMap((link) => {
    const [from = '', to = ''] = link.split('>');
    if (!all.has(`${to}>${from}`)) return [`${from} → ${to}`];
    return from < to ? [`${from} ⇄ ${to}`] : [];
  });
  if (words.length <= SHOWN) return words;
  const shown = words.slice(0, SHOWN - 1);
  return [`${shown.join(', ')} and ${words.length - shown.length} more links`];
}
