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
/** Roles that take every key: they are typed into, or stand over the rest. */
const TAKES_ALL = '[role=menu],[role=menuitem],[role=listbox],[role=option],[role=dialog],[role=alertdialog]';
/** Roles that are moved with arrows, Home and End and chosen with Space. */
const MOVED = '[role=radio],[role=slider],[role=tab],[role=separator]';
const MOVING = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'Space', 'Enter']);
const PRESSED = 'button,a[href],summary,input,[role=button],[role=row][tabindex],[role=switch]';

/** Whether the focused element needs this key for itself. */
export function belongsToFocus(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  const global = key.startsWith('Ctrl+');
  if (target instanceof HTMLInputElement && TEXT_INPUTS.has(target.type)) return !global;
  if (target.closest(TAKES_ALL)) return !global;
  if (target.closest(MOVED)) return MOVING.has(key);
  if (key === 'Space' || key === 'Enter') return target.closest(PRESSED) !== null;
  return false;
}
