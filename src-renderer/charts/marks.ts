/** What lies behind a chart over time: faults as bands with their names, elections as thin lines. */
import type { Chart, Plugin } from 'chart.js';
import type { ElectionRow, FaultRow } from '../../src-main/api/index.ts';
import { faultTitle } from '../canvas/timeline/spans.ts';
import type { ChartLook } from './chart-look.ts';

export interface ChartMarks {
  readonly faults: readonly FaultRow[];
  readonly elections: readonly ElectionRow[];
  readonly endNs: number;
}

/** A plugin of one chart, whose x axis counts seconds; `marks` gives the newest each time the chart is drawn. */
export function marksPlugin<T extends 'line' | 'bar'>(
  marks: () => ChartMarks,
  look: ChartLook,
  labelled: boolean,
): Plugin<T> {
  return {
    id: 'marks',
    beforeDatasetsDraw(chart: Chart<T>) {
      const { ctx, chartArea } = chart;
      const axis = chart.scales['x'];
      if (!axis) return;
      const { faults, elections, endNs } = marks();
      const x = (ns: number): number =>
        Math.min(Math.max(axis.getPixelForValue(ns / 1e9), chartArea.left), chartArea.right);
      ctx.save();
      ctx.font = `400 ${look.sans.size}px ${look.sans.family}`;
      ctx.textBaseline = 'top';
      let labelEnd = -Infinity;
      for (const fault of faults) {
        const left = x(fault.fromNs);
        const width = Math.max(x(fault.toNs ?? endNs) - left, 1);
        ctx.fillStyle = look.colour.fault;
        ctx.globalAlpha = 0.1;
        ctx.fillRect(left, chartArea.top, width, chartArea.bottom - chartArea.top);
        ctx.globalAlpha = 1;
        const title = faultTitle(fault);
        if (!labelled || left < labelEnd || ctx.measureText(title).width + 8 > chartArea.right - left)
          continue;
        ctx.fillText(title, left + 2, chartArea.top - look.sans.size - 3);
        labelEnd = left + ctx.measureText(title).width + 8;
      }
      ctx.fillStyle = look.colour.leader;
      for (const election of elections) {
        ctx.fillRect(x(election.electedNs) - 0.5, chartArea.top, 1, chartArea.bottom - chartArea.top);
      }
      ctx.restore();
    },
  };
}
