import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import { ofTheWindow } from './scope.ts';

export type Theme = 'dark' | 'light' | 'system';
export type Density = 'normal' | 'projector';
export type Motion = 'system' | 'reduced';

export interface Settings {
  theme: Theme;
  density: Density;
  motion: Motion;
  /** Splitter name -> size in rem. */
  sizes: Record<string, number>;
  /** Command id -> keys that replace its own. */
  keys: Record<string, string[]>;
}

const KEY = 'quorum-lab.settings';
const VERSION = 1;

export function defaultSettings(): Settings {
  return { theme: 'system', density: 'normal', motion: 'system', sizes: {}, keys: {} };
}

/** Takes what is sound of a stored text and the default for the rest; another version is not guessed at. */
export function readSettings(text: string | null): Settings {
  const settings = defaultSettings();
  const stored = parse(text);
  if (!isRecord(stored) || stored['format'] !== 'quorum-lab-settings' || stored['version'] !== VERSION)
    return settings;
  if (stored['theme'] === 'dark' || stored['theme'] === 'light' || stored['theme'] === 'system')
    settings.theme = stored['theme'];
  if (stored['density'] === 'normal' || stored['density'] === 'projector')
    settings.density = stored['density'];
  if (stored['motion'] === 'system' || stored['motion'] === 'reduced') settings.motion = stored['motion'];
  if (isRecord(stored['sizes'])) {
    for (const [name, size] of Object.entries(stored['sizes'])) {
      if (typeof size === 'number' && Number.isFinite(size) && size >= 0 && size <= 200)
        settings.sizes[name] = size;
    }
  }
  if (isRecord(stored['keys'])) {
    for (const [id, keys] of Object.entries(stored['keys'])) {
      if (Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key.length <= 40))
        settings.keys[id] = keys;
    }
  }
  return settings;
}

export function writeSettings(settings: Settings): string {
  return JSON.stringify({ format: 'quorum-lab-settings', version: VERSION, ...settings });
}

function parse(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How the window looks and which keys it obeys; kept on this machine. */
export const useSettingsStore = ofTheWindow(
  defineStore('settings', () => {
    const stored = readSettings(localStorage.getItem(KEY));
    const theme = ref(stored.theme);
    const density = ref(stored.density);
    const motion = ref(stored.motion);
    const sizes = ref(stored.sizes);
    const keys = ref(stored.keys);

    watch(
      [theme, density, motion, sizes, keys],
      () => {
        const settings = {
          theme: theme.value,
          density: density.value,
          motion: motion.value,
          sizes: sizes.value,
          keys: keys.value,
        };
        localStorage.setItem(KEY, writeSettings(settings));
      },
      { deep: true },
    );

    return { theme, density, motion, sizes, keys };
  }),
);
