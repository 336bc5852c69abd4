/** Keys are written as people say them: `Ctrl+K`, `Shift+ArrowLeft`, `Space`, `?`, `E`. */

const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta']);

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** Undefined for a modifier alone. Ctrl and Cmd are one; Shift counts only where it does not itself make the character. */
export function keyName(press: KeyPress): string | undefined {
  if (MODIFIERS.has(press.key) || press.key === 'Dead' || press.key === 'Unidentified') return undefined;
  const isLetter = /^\p{L}$/u.test(press.key);
  const isCharacter = press.key.length === 1 && press.key !== ' ';
  const parts: string[] = [];
  if (press.ctrlKey || press.metaKey) parts.push('Ctrl');
  if (press.altKey) parts.push('Alt');
  if (press.shiftKey && (isLetter || !isCharacter)) parts.push('Shift');
  parts.push(press.key === ' ' ? 'Space' : isLetter ? press.key.toUpperCase() : press.key);
  return parts.join('+');
}

const SYMBOLS: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Delete: 'Del',
};

/** As printed on a key cap: `Shift ←`. */
export function keyLabel(key: string): string {
  return key
    .split(/\+(?=.)/)
    .map((part) => SYMBOLS[part] ?? part)
    .join(' ');
}

const TEXT_INPUTS = new Set(['text', 'search', 'number', 'email', 'url', 'password', 'tel', 'date', 'time']);
/** Roles whose own keyboard pattern uses arrows, Home, End or Space. */
const WIDGETS =
  '[role=menu],[role=menuitem],[role=listbox],[role=option],[role=slider],[role=tab],[role=separator],[role=radio],[role=dialog],[role=alertdialog]';

/** Whether the focused element needs this key for itself. */
export function belongsToFocus(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  if (target instanceof HTMLInputElement && TEXT_INPUTS.has(target.type)) return !key.startsWith('Ctrl+');
  if (target.closest(WIDGETS)) return !key.startsWith('Ctrl+');
  if (key === 'Space' || key === 'Enter') {
    return (
      target.closest('button,a[href],summary,input,[role=button],[role=row][tabindex],[role=switch]') !== null
    );
  }
  return false;
}
