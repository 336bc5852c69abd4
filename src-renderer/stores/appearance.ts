import { usePreferredDark, usePreferredReducedMotion } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import { useSettingsStore } from './settings.ts';
import { ofTheWindow } from './scope.ts';

const COLOURS = [
  's0',
  's1',
  's2',
  's3',
  'line',
  't1',
  't2',
  't3',
  'accent',
  'focus',
  'leader',
  'candidate',
  'follower',
  'learner',
  'down',
  'fault',
  'violation',
  'ok',
  'on-term',
] as const;
export type ColourName = (typeof COLOURS)[number];

export const TERM_HUES = 6;

/** The resolved colours, for canvas and charts. */
export interface Tokens {
  colour: Record<ColourName, string>;
  /** Hue of a term; terms repeat after six. */
  term(term: number): string;
  /** Pixels of one rem: 16, or 24 under the projector density. */
  rem: number;
}

/** Puts theme, density and motion onto the document, and reads the colours back. */
export const useAppearanceStore = ofTheWindow(
  defineStore('appearance', () => {
    const settings = useSettingsStore();
    const prefersDark = usePreferredDark();
    const prefersMotion = usePreferredReducedMotion();
    const theme = computed(() =>
      settings.theme === 'system' ? (prefersDark.value ? 'dark' : 'light') : settings.theme,
    );
    const reducedMotion = computed(() => settings.motion === 'reduced' || prefersMotion.value === 'reduce');
    const tokens = shallowRef<Tokens>(readTokens());

    watch(
      [theme, () => settings.density, reducedMotion],
      () => {
        const root = document.documentElement;
        root.dataset['theme'] = theme.value;
        root.dataset['density'] = settings.density;
        root.dataset['motion'] = reducedMotion.value ? 'reduced' : 'full';
        tokens.value = readTokens();
      },
      { immediate: true, flush: 'sync' },
    );

    return { theme, reducedMotion, tokens };
  }),
);

function readTokens(): Tokens {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const colour = Object.fromEntries(COLOURS.map((name) => [name, read(name)])) as Record<ColourName, string>;
  const terms = Array.from({ length: TERM_HUES }, (_, hue) => read(`term-${hue + 1}`));
  return {
    colour,
    term: (term) => (term < 1 ? colour.t3 : (terms[(term - 1) % TERM_HUES] ?? colour.t3)),
    rem: parseFloat(style.fontSize) || 16,
  };
}

/** The colours of a theme whatever the window's, for what leaves the window; read at once, so that nothing is painted in them. */
export function tokensOf(theme: 'dark' | 'light'): Tokens {
  const root = document.documentElement;
  const before = root.dataset['theme'];
  root.dataset['theme'] = theme;
  try {
    return { ...readTokens(), rem: 16 };
  } finally {
    if (before === undefined) delete root.dataset['theme'];
    else root.dataset['theme'] = before;
  }
}

/** The hue of a term as CSS. */
export function termVariable(term: number): string {
  return term < 1 ? 'var(--t3)' : `var(--term-${((term - 1) % TERM_HUES) + 1})`;
}
