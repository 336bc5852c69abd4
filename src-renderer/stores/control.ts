import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { Command, CommandResult } from '../../src-main/api/index.ts';
import { sentenceOf, span } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useBridge, useConnectionStore } from './bridge.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';

/** Everything that changes the live run, and why it cannot be changed now. */
export const useControlStore = defineStore('control', () => {
  const bridge = useBridge();
  const connection = useConnectionStore();
  const run = useRunStore();
  const cursor = useCursorStore();
  const announcer = useAnnouncer();
  const pending = ref(0);
  const stopping = ref(false);
  /** The last refusal, until something succeeds or it is dismissed. */
  const error = ref<string | null>(null);

  /** true: the cluster obeys; false: there is no run; a sentence: why not now. */
  const ready = computed<boolean | string>(() => {
    if (!run.runId) return false;
    if (connection.state === 'lost') return 'the connection to the lab is lost.';
    if (!run.live) return 'this is a saved trace; its cluster no longer runs.';
    if (stopping.value) return 'the run is being stopped.';
    if (!cursor.atEdge) return `you are viewing ${span(cursor.behindNs)} ago; End returns to the present.`;
    return true;
  });

  /** Rejects with a sentence, which also stands in `error`. */
  async function execute(command: Command): Promise<CommandResult> {
    const runId = run.runId;
    if (!runId || ready.value !== true) {
      throw new Error(typeof ready.value === 'string' ? ready.value : 'No run is open.');
    }
    pending.value++;
    try {
      const result = await bridge.call('execute', { runId, command });
      error.value = null;
      announcer.announce(result.text);
      return result;
    } catch (cause) {
      error.value = sentenceOf(cause);
      throw cause;
    } finally {
      pending.value--;
    }
  }

  async function stopRun(): Promise<void> {
    const runId = run.runId;
    if (!runId || stopping.value) return;
    stopping.value = true;
    try {
      await bridge.call('stopRun', { runId });
      error.value = null;
      announcer.announce('The run is stopped and its trace is complete.');
    } catch (cause) {
      error.value = sentenceOf(cause);
    } finally {
      stopping.value = false;
    }
  }

  function dismiss(): void {
    error.value = null;
  }

  return { pending, stopping, error, ready, execute, stopRun, dismiss };
});
