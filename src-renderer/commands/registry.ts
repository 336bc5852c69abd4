import { computed, shallowReactive } from 'vue';
import { useAnnouncer } from '../stores/announcer.ts';
import { useSettingsStore } from '../stores/settings.ts';
import { belongsToFocus, keyName } from './keys.ts';

/** In the order in which palette and Help list them. */
export const COMMAND_GROUPS = ['Go to', 'Run', 'Cluster', 'Playback', 'Follow', 'View', 'Window'] as const;
export type CommandGroup = (typeof COMMAND_GROUPS)[number];

export interface CommandDefinition {
  /** `cluster.kill`, stable: rebound keys are stored under it. */
  id: string;
  title: string;
  group: CommandGroup;
  /** Its own keys; settings may replace them. */
  keys: readonly string[];
  /** true: can run; false: makes no sense here (absent from the palette); a sentence: why it cannot run now. */
  when?: () => boolean | string;
  run: () => unknown;
}

export interface ListedCommand {
  id: string;
  title: string;
  group: CommandGroup;
  keys: readonly string[];
  ownKeys: readonly string[];
}

const commands = shallowReactive(new Map<string, CommandDefinition>());

/** Registers a command and returns what takes it away again. A later one of the same id replaces the earlier. */
export function defineCommand(definition: CommandDefinition): () => void {
  commands.set(definition.id, definition);
  return () => {
    if (commands.get(definition.id) === definition) commands.delete(definition.id);
  };
}

/** Several at once; returns what takes them all away. */
export function defineCommands(definitions: readonly CommandDefinition[]): () => void {
  const disposers = definitions.map(defineCommand);
  return () => {
    for (const dispose of disposers) dispose();
  };
}

function keysOf(definition: CommandDefinition): readonly string[] {
  return useSettingsStore().keys[definition.id] ?? definition.keys;
}

/** Every command registered now, for palette and Help. */
export const listedCommands = computed<ListedCommand[]>(() =>
  [...commands.values()].map((definition) => ({
    id: definition.id,
    title: definition.title,
    group: definition.group,
    keys: keysOf(definition),
    ownKeys: definition.keys,
  })),
);

/** As `when` of the definition; false for an unknown id. Reactive where `when` is. */
export function commandState(id: string): boolean | string {
  const definition = commands.get(id);
  if (!definition) return false;
  return definition.when ? definition.when() : true;
}

/** The first key of a command, as the user has it. */
export function commandKey(id: string): string | undefined {
  const definition = commands.get(id);
  return definition ? keysOf(definition)[0] : undefined;
}

/** Runs a command, or announces why it cannot run. Returns whether it ran. Failures are announced with their own words. */
export function runCommand(id: string): boolean {
  const definition = commands.get(id);
  if (!definition) return false;
  const state = commandState(id);
  if (state !== true) {
    if (state !== false) useAnnouncer().announce(`${definition.title}: ${state}`);
    return false;
  }
  void Promise.resolve()
    .then(() => definition.run())
    .catch((error: unknown) => {
      useAnnouncer().announce(error instanceof Error ? error.message : String(error));
    });
  return true;
}

/** The command that a key means now: one that can run before one that says why it cannot. */
export function commandForKey(key: string): string | undefined {
  let refused: string | undefined;
  for (const definition of [...commands.values()].reverse()) {
    if (!keysOf(definition).includes(key)) continue;
    const state = definition.when ? definition.when() : true;
    if (state === true) return definition.id;
    if (state !== false) refused ??= definition.id;
  }
  return refused;
}

/** Obeys keys on the whole window; silent in text fields and in widgets with keys of their own. Returns what ends it. */
export function listenForKeys(target: Window): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const key = keyName(event);
    if (!key || belongsToFocus(event.target, key)) return;
    const id = commandForKey(key);
    if (!id) return;
    event.preventDefault();
    if (event.repeat && commands.get(id)?.group === 'Cluster') return;
    runCommand(id);
  };
  target.addEventListener('keydown', onKey);
  return () => target.removeEventListener('keydown', onKey);
}
