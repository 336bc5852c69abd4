import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useAppearanceStore } from '../stores/appearance.ts';
import type { ColourName } from '../stores/appearance.ts';

/** Colours and sizes of a chart, from the tokens. */
export interface ChartLook {
  readonly colour: Record<ColourName, string>;
  readonly scale: number;
  readonly mono: { family: string; size: number };
  readonly sans: { family: string; size: number };
}

export function useChartLook(): ComputedRef<ChartLook> {
  const appearance = useAppearanceStore();
  return computed(() => {
    const scale = appearance.tokens.rem / 16;
    return {
      colour: appearance.tokens.colour,
      scale,
      mono: { family: "'JetBrains Mono Variable', ui-monospace, monospace", size: 12 * scale },
      sans: { family: "'Inter Variable', system-ui, sans-serif", size: 12 * scale },
    };
  });
}

/** What every tooltip of a chart looks like. */
export function tooltipLook(look: ChartLook): object {
  return {
    animation: false,
    backgroundColor: look.colour.s1,
    borderColor: look.colour.line,
    borderWidth: 1,
    titleColor: look.colour.t1,
    bodyColor: look.colour.t2,
    titleFont: { ...look.sans, weight: 600 },
    bodyFont: look.mono,
    footerColor: look.colour.t3,
    footerFont: { ...look.sans, weight: 400 },
    padding: 8 * look.scale,
    cornerRadius: 4,
    boxWidth: 8,
    boxHeight: 8,
    boxPadding: 4,
  };
}
