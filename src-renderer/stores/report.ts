import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';
import type { WindowReport } from '../../src-main/api/index.ts';
import { queryTrace } from '../../src-main/api/index.ts';
import { makePalette } from '../canvas/timeline/palette.ts';
import { fileStem } from '../charts/handing-out.ts';
import { paintMoment } from '../report/moment-picture.ts';
import type { AskRun, ReportSection } from '../report/report-data.ts';
import { gatherReport, REPORT_SECTIONS } from '../report/report-data.ts';
import { reportPage } from '../report/report-page.ts';
import { sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { tokensOf } from './appearance.ts';
import { useBridge } from './bridge.ts';
import { useRunStore } from './run.ts';

/** A report of the open run: what it is to hold, and how far its making has come. */
export const useReportStore = defineStore('report', () => {
  const bridge = useBridge();
  const run = useRunStore();
  const announcer = useAnnouncer();
  const open = ref(false);
  const sections = ref<ReportSection[]>(REPORT_SECTIONS.map(({ name }) => name));
  const redacted = ref(false);
  const format = ref<WindowReport['format']>('html');
  /** While a report is made: the share that is done, 0 to 1. */
  const progress = ref<number | null>(null);
  const error = ref<string | null>(null);
  const busy = computed(() => progress.value !== null);

  /** Makes the report and hands it to the host; the dialog stays open with the reason where that fails. */
  async function make(): Promise<void> {
    const { runId } = run;
    if (busy.value || runId === null) return;
    error.value = null;
    progress.value = 0;
    try {
      const ask: AskRun = (query, params) => queryTrace(bridge, runId, query, params);
      const tokens = tokensOf('light');
      const palette = makePalette(tokens);
      const choice = { sections: new Set(sections.value), redacted: redacted.value };
      const data = await gatherReport(
        {
          ask,
          paint: (bookmark, info) => paintMoment(ask, palette, bookmark, info),
          madeAt: new Date().toISOString(),
          onProgress: (done, of) => (progress.value = done / of),
        },
        choice,
      );
      const { saved } = await bridge.saveReport({
        name: `${fileStem(data.info.title)}-report`,
        format: format.value,
        html: reportPage(data, choice, tokens),
      });
      if (!saved) return;
      open.value = false;
      announcer.announce(`The report of “${data.info.title}” was saved.`);
    } catch (cause) {
      error.value = sentenceOf(cause);
    } finally {
      progress.value = null;
    }
  }

  watch(
    () => run.runId,
    () => {
      open.value = false;
      error.value = null;
    },
    { flush: 'sync' },
  );

  return { open, sections, redacted, format, progress, busy, error, make };
});
