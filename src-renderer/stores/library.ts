import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { NewRun, RunId, WindowFile } from '../../src-main/api/index.ts';
import { sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useBridge } from './bridge.ts';
import { usePlaceStore } from './place.ts';
import { useRunStore } from './run.ts';
import { useRunsStore } from './runs.ts';
import { useViewStore } from './view.ts';

/** What is under way, so that its button can say so. */
export type LibraryTask = 'start' | 'scenario' | 'open' | 'file' | 'delete' | 'rename';

/** Starting, opening, renaming and deleting runs, with the error of the last attempt. */
export const useLibraryStore = defineStore('library', () => {
  const bridge = useBridge();
  const runs = useRunsStore();
  const run = useRunStore();
  const view = useViewStore();
  const announcer = useAnnouncer();
  const place = usePlaceStore();
  const busy = ref<LibraryTask | null>(null);
  const error = ref<{ task: LibraryTask; text: string } | null>(null);

  async function attempt<T>(task: LibraryTask, work: () => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined;
    busy.value = task;
    error.value = null;
    try {
      return await work();
    } catch (cause) {
      error.value = { task, text: sentenceOf(cause) };
      announcer.announce(error.value.text);
      return undefined;
    } finally {
      busy.value = null;
    }
  }

  /** Live runs and saved traces alike; refused traces stay on Home, where they say why. */
  async function open(runId: RunId): Promise<void> {
    if (runs.byId.get(runId)?.status === 'refused') return;
    await run.open(runId);
    if (!view.needsRun) view.show('cluster');
  }

  async function openStarted(answer: { runId: RunId } | null | undefined): Promise<void> {
    if (answer) await place.go({ runId: answer.runId, view: 'cluster' });
  }

  async function start(form: NewRun): Promise<void> {
    await openStarted(await attempt('start', () => bridge.call('startRun', form)));
  }

  async function startScenario(name: string): Promise<void> {
    await openStarted(await attempt('scenario', () => bridge.call('startScenario', { name })));
  }

  /** The host's dialog. */
  async function openDialog(): Promise<void> {
    await openStarted(await attempt('open', () => bridge.call('openTraceDialog', {})));
  }

  /** A file that was dropped or chosen. */
  async function openFile(file: WindowFile): Promise<void> {
    await openStarted(await attempt('file', () => bridge.openFile(file)));
  }

  async function rename(runId: RunId, title: string): Promise<void> {
    const summary = await attempt('rename', () => bridge.call('renameRun', { runId, title }));
    if (summary) runs.put(summary);
  }

  async function remove(runId: RunId): Promise<void> {
    const done = await attempt('delete', () => bridge.call('deleteRun', { runId }));
    if (done === undefined) return;
    if (run.runId === runId) run.close();
    runs.drop(runId);
  }

  function dismiss(): void {
    error.value = null;
  }

  return { busy, error, open, start, startScenario, openDialog, openFile, rename, remove, dismiss };
});
