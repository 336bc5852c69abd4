import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clusterCommands } from '../../../src-renderer/commands/cluster.ts';
import { keyLabel, keyName } from '../../../src-renderer/commands/keys.ts';
import { matchScore, rankMatches } from '../../../src-renderer/commands/match.ts';
import {
  commandForKey,
  commandKey,
  commandState,
  defineCommand,
  defineCommands,
  listedCommands,
  runCommand,
} from '../../../src-renderer/commands/registry.ts';
import { useAnnouncer } from '../../../src-renderer/stores/announcer.ts';
import { useClusterState } from '../../../src-renderer/stores/clusterState.ts';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { useSelectionStore } from '../../../src-renderer/stores/selection.ts';
import { useSettingsStore } from '../../../src-renderer/stores/settings.ts';
import { clusterState, node, openWindow, RUN, settle, snapshotAt, summary } from './fake-lab.ts';
import type { FakeLab } from './fake-lab.ts';

let lab: FakeLab;
const disposers: (() => void)[] = [];
beforeEach(() => {
  ({ lab } = openWindow());
});
afterEach(() => {
  for (const dispose of disposers.splice(0)) dispose();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function press(
  key: string,
  modifiers: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {},
) {
  return keyName({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...modifiers });
}

describe('the names of keys', () => {
  it('are the same for a letter with and without caps lock', () => {
    expect(press('k')).toBe('K');
    expect(press('K')).toBe('K');
  });
  it('count Shift with letters and named keys, not with characters that Shift makes', () => {
    expect(press('E', { shiftKey: true })).toBe('Shift+E');
    expect(press('ArrowLeft', { shiftKey: true })).toBe('Shift+ArrowLeft');
    expect(press('?', { shiftKey: true })).toBe('?');
  });
  it('hold Ctrl and Cmd for one', () => {
    expect(press('k', { ctrlKey: true })).toBe('Ctrl+K');
    expect(press('k', { metaKey: true })).toBe('Ctrl+K');
  });
  it('are none for a modifier alone', () => {
    expect(press('Shift', { shiftKey: true })).toBeUndefined();
  });
  it('are printed as on the key cap', () => {
    expect([' ', 'ArrowRight'].map((key) => keyLabel(press(key) ?? ''))).toEqual(['Space', '→']);
    expect(keyLabel('Shift+ArrowLeft')).toBe('Shift ←');
    expect(keyLabel('Ctrl++')).toBe('Ctrl +');
  });
});

describe('the registry of commands', () => {
  function define(id: string, keys: string[], when?: () => boolean | string): ReturnType<typeof vi.fn> {
    const run = vi.fn();
    disposers.push(defineCommand({ id, title: id, group: 'Window', keys, run, ...(when && { when }) }));
    return run;
  }

  it('finds the command of a key, and none once it is disposed', () => {
    const dispose = defineCommand({
      id: 'a',
      title: 'A',
      group: 'Window',
      keys: ['X'],
      run: () => undefined,
    });
    expect(commandForKey('X')).toBe('a');
    dispose();
    expect(commandForKey('X')).toBeUndefined();
    expect(listedCommands.value.some((command) => command.id === 'a')).toBe(false);
  });

  it('prefers one that can run over one that cannot, and the later of two that can', () => {
    define('first', ['X']);
    define('second', ['X']);
    define('refused', ['X'], () => 'not today.');
    define('absent', ['X'], () => false);
    expect(commandForKey('X')).toBe('second');
  });

  it('announces why a command cannot run, and does not run it', () => {
    const run = define('a', ['X'], () => 'not today.');
    expect(runCommand('a')).toBe(false);
    expect(run).not.toHaveBeenCalled();
    expect(useAnnouncer().text).toBe('a: not today.');
  });

  it('announces the words of a command that fails', async () => {
    const run = define('a', ['X']);
    run.mockRejectedValue(new Error('The disk is full.'));
    runCommand('a');
    await settle();
    expect(useAnnouncer().text).toBe('The disk is full.');
  });

  it('obeys keys that the settings put in place of its own', () => {
    define('a', ['X']);
    useSettingsStore().keys = { a: ['Y'] };
    expect(commandForKey('X')).toBeUndefined();
    expect(commandForKey('Y')).toBe('a');
    expect(commandKey('a')).toBe('Y');
  });
});

describe('the commands of the cluster', () => {
  beforeEach(async () => {
    lab.setRuns(summary({ status: 'live', durationNs: 0 }));
    useCursorStore();
    useClusterState();
    await useRunStore().open(RUN);
    lab.push(snapshotAt(2e9));
    await settle();
    disposers.push(defineCommands(clusterCommands()));
    lab.on('execute', () => ({ text: 'done' }));
  });
  const sent = (): unknown => lab.calls.findLast(({ method }) => method === 'execute')?.params;

  it('need a node first, which a number selects', async () => {
    expect(commandState('cluster.kill')).toBe('select a node first, with a key from 1 to 9.');
    runCommand(commandForKey('3') ?? '');
    await settle();
    expect(useSelectionStore().nodeId).toBe('n3');
    runCommand(commandForKey('K') ?? '');
    await settle();
    expect(sent()).toEqual({ runId: RUN, command: { kind: 'kill', node: 'n3' } });
  });

  it('offer no numbers beyond the nodes there are', () => {
    expect(commandForKey('4')).toBeUndefined();
  });

  it('resume what is paused with the key that paused it', async () => {
    useSelectionStore().select('node', 'n1');
    lab.push(snapshotAt(3e9, { state: clusterState(3e9, [node('n1', { status: 'paused' })]) }));
    runCommand('cluster.pause');
    await settle();
    expect(sent()).toEqual({ runId: RUN, command: { kind: 'resume', node: 'n1' } });
  });

  it('kill nothing twice, and heal nothing that is whole', () => {
    useSelectionStore().select('node', 'n1');
    expect(commandState('cluster.heal')).toBe('nothing is broken.');
    lab.push(snapshotAt(3e9, { state: clusterState(3e9, [node('n1', { status: 'killed' })]) }));
    expect(commandState('cluster.kill')).toBe('n1 is not running.');
    expect(commandState('cluster.restart')).toBe(true);
    expect(commandState('cluster.heal')).toBe(true);
  });
});

describe('finding a command by what was typed', () => {
  const names = ['Kill the selected node', 'Skip', 'Lens 1/200: shown 200× slower', 'Stop the run'];
  it('puts the start of a name before its middle, and letters in order last', () => {
    expect(rankMatches('k', names, String)[0]).toBe('Kill the selected node');
    expect(rankMatches('slow', names, String)).toEqual(['Lens 1/200: shown 200× slower']);
    expect(rankMatches('str', names, String)).toContain('Stop the run');
  });
  it('wants every typed word', () => {
    expect(matchScore('stop run', 'Stop the run')).not.toBeNull();
    expect(matchScore('stop cat', 'Stop the run')).toBeNull();
  });
  it('keeps the order of names while nothing is typed', () => {
    expect(rankMatches(' ', names, String)).toEqual(names);
  });
});
