import { useDevicePixelRatio, useElementSize } from '@vueuse/core';
import { computed, onScopeDispose, watch } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { useAppearanceStore } from '../stores/appearance.ts';
import { forgetTextWidths } from './text-width.ts';

/** Size of a drawing in its own pixels, of which 16 are one rem: a drawing grows with the density without knowing of it. */
export interface SurfaceSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** How many CSS pixels one pixel of a drawing has: 1, or 1.5 under the projector density. */
export function useDrawingScale(): ComputedRef<number> {
  const appearance = useAppearanceStore();
  return computed(() => appearance.tokens.rem / 16);
}

/** The size of an element in drawing pixels. */
export function useSurfaceSize(element: Ref<HTMLElement | null>): ComputedRef<SurfaceSize> {
  const { width, height } = useElementSize(element);
  const scale = useDrawingScale();
  return computed(() => ({
    widthPx: Math.round(width.value / scale.value),
    heightPx: Math.round(height.value / scale.value),
  }));
}

/**
 * Draws on a canvas when something that the drawing read has changed: once a frame at most, never while the page is hidden (then there
 * are no frames), with device pixels and density taken care of.
 */
export function useSurface(
  canvas: Ref<HTMLCanvasElement | null>,
  size: Ref<SurfaceSize>,
  sources: () => unknown,
  draw: (context: CanvasRenderingContext2D, size: SurfaceSize) => void,
): void {
  const { pixelRatio } = useDevicePixelRatio();
  const scale = useDrawingScale();
  let frame = 0;

  function paint(): void {
    frame = 0;
    const surface = canvas.value;
    const context = surface?.getContext('2d');
    const { widthPx, heightPx } = size.value;
    if (!surface || !context || widthPx <= 0 || heightPx <= 0) return;
    const ratio = pixelRatio.value * scale.value;
    const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
    if (surface.width !== width) surface.width = width;
    if (surface.height !== height) surface.height = height;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, widthPx, heightPx);
    draw(context, size.value);
  }
  function schedule(): void {
    if (frame === 0) frame = requestAnimationFrame(paint);
  }
  watch([sources, canvas, size, pixelRatio, scale], schedule, { immediate: true, flush: 'post' });
  // Text drawn before its face was there would keep the wrong widths.
  void document.fonts.ready.then(() => {
    forgetTextWidths();
    schedule();
  });
  onScopeDispose(() => cancelAnimationFrame(frame));
}
