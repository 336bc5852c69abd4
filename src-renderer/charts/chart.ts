import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LineController,
  LineElement,
  LinearScale,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js';
import type { ChartConfiguration, ChartType } from 'chart.js';
import { onScopeDispose, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  LineController,
  LineElement,
  LinearScale,
  LogarithmicScale,
  PointElement,
  Tooltip,
);

/**
 * A chart on a canvas, made anew of its configuration whenever that changes its form (theme, density) and updated in place when only its data
 * do. Nothing is animated; the chart is destroyed with the component.
 *
 * @param configure reads only what gives the chart its form
 * @param update puts the newest data into the chart; what it reads is watched
 */
export function useChart<T extends ChartType>(
  canvas: Ref<HTMLCanvasElement | null>,
  configure: () => ChartConfiguration<T>,
  update: (chart: Chart<T>) => void,
): ShallowRef<Chart<T> | null> {
  const chart: ShallowRef<Chart<T> | null> = shallowRef(null);

  watch(
    [canvas, configure],
    ([element, configuration]) => {
      chart.value?.destroy();
      chart.value = element ? new Chart(element, configuration) : null;
    },
    { flush: 'post', immediate: true },
  );
  watch(
    () => {
      if (!chart.value) return null;
      update(chart.value);
      return {};
    },
    () => chart.value?.update('none'),
    { flush: 'post', immediate: true },
  );
  onScopeDispose(() => chart.value?.destroy());
  return chart;
}
