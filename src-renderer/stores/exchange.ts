import { defineStore } from 'pinia';
import { computed, reactive, ref, shallowRef } from 'vue';
import type { ExportFormat, ExportTable, RunId, Transfer } from '../../src-main/api/index.ts';
import { bytes, count, sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useBridge } from './bridge.ts';

const SHOWN_AFTER_MS = 300;

/** The run whose trace is being exported. */
export interface ExportTarget {
  readonly runId: RunId;
  readonly title: string;
}

/** Exporting a trace, and what is under way in or out. */
export const useExchangeStore = defineStore('exchange', () => {
  const bridge = useBridge();
  const announcer = useAnnouncer();
  const target = shallowRef<ExportTarget | null>(null);
  const format = ref<ExportFormat>('ndjson');
  const table = ref<ExportTable>('event');
  const redact = ref(false);
  const busy = ref(false);
  const error = ref<string | null>(null);
  /** What became of the last export, in one sentence. */
  const done = ref<string | null>(null);
  const transfers = shallowRef<Transfer[]>([]);
  const known = new Set<number>();
  /** Those that have lasted long enough to be worth a word. */
  const lasting = reactive(new Set<number>());
  bridge.subscribe('transfers', {}, (snapshot) => {
    transfers.value = snapshot.transfers;
    for (const { id } of snapshot.transfers) {
      if (known.has(id)) continue;
      known.add(id);
      setTimeout(() => lasting.add(id), SHOWN_AFTER_MS);
    }
  });

  const exporting = computed(() => transfers.value.find(({ kind }) => kind === 'export') ?? null);
  const importing = computed(() =>
    transfers.value.filter(({ id, kind }) => kind === 'import' && lasting.has(id)),
  );

  function open(run: ExportTarget): void {
    error.value = null;
    done.value = null;
    target.value = run;
  }

  function close(): void {
    target.value = null;
  }

  async function start(): Promise<void> {
    const run = target.value;
    if (run === null || busy.value) return;
    busy.value = true;
    error.value = null;
    done.value = null;
    try {
      const asked = { runId: run.runId, format: format.value, redact: redact.value };
      const answer = await bridge.call(
        'exportTrace',
        format.value === 'csv' ? { ...asked, table: table.value } : asked,
      );
      if (answer === null) return;
      if (answer.download !== null) fetchFile(answer.download, answer.name);
      done.value = `${answer.name}: ${count(answer.events)} events, ${bytes(answer.bytes)}.`;
      announcer.announce(`Exported ${done.value}`);
    } catch (cause) {
      error.value = sentenceOf(cause);
      announcer.announce(error.value);
    } finally {
      busy.value = false;
    }
  }

  function cancel(transfer: Transfer): void {
    bridge.call('cancelTransfer', { id: transfer.id }).catch(() => undefined);
  }

  return {
    target,
    format,
    table,
    redact,
    busy,
    error,
    done,
    exporting,
    importing,
    open,
    close,
    start,
    cancel,
  };
});

/** The browser takes it into its downloads. */
function fetchFile(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}
