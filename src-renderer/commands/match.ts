/**
 * How well a name answers what was typed: every typed word must stand in it, best at the start of a word, else its letters in order.
 * Null where it does not match; larger is better.
 */
export function matchScore(typed: string, name: string): number | null {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const text = name.toLowerCase();
  let score = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at === 0) score += 100;
    else if (at > 0) score += /[\s(:,–-]/.test(text[at - 1] ?? '') ? 60 : 30;
    else if (lettersInOrder(word, text)) score += 5;
    else return null;
  }
  return score - text.length / 1_000;
}

function lettersInOrder(word: string, text: string): boolean {
  let at = -1;
  for (const letter of word) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** What matches, best first; with nothing typed, everything in its own order. */
export function rankMatches<T>(typed: string, items: readonly T[], nameOf: (item: T) => string): T[] {
  if (!typed.trim()) return [...items];
  return items
    .map((item) => ({ item, score: matchScore(typed, nameOf(item)) }))
    .filter((match): match is { item: T; score: number } => match.score !== null)
    .sort((a, b) => b.score - a.score)
    .map((match) => match.item);
}
