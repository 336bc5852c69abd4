import { useEventListener } from '@vueuse/core';
import { ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';

/** What a hand does to the plot. `x` from the plot's left edge, `y` from the canvas' top, in drawing pixels. */
export interface PlotGestures {
  click(x: number, y: number): void;
  doubleClick(x: number, y: number): void;
  /** The view under the hand moves by so many pixels. */
  drag(deltaX: number): void;
  /** A stretch was chosen, with Shift held or by dragging in the ruler. */
  stretch(fromX: number, toX: number): void;
  wheelZoom(x: number, factor: number): void;
  wheelPan(deltaX: number): void;
}

const CLICK_PX = 4;
const WHEEL_LINE_PX = 16;
const ZOOM_PER_PX = 0.0022;
/** How much more a pixel of a pinch zooms than one of a wheel. */
const PINCH = 4;

function zoomFactor(wheelPx: number): number {
  return Math.exp(Math.min(Math.max(wheelPx, -400), 400) * ZOOM_PER_PX);
}

/** Turns pointer and wheel events of an element into gestures on the plot, and says where the pointer rests. */
export function usePlotPointer(
  element: Ref<HTMLElement | null>,
  place: { scale: () => number; gutterPx: () => number; rulerPx: () => number },
  gestures: PlotGestures,
): {
  hover: ShallowRef<{ x: number; y: number } | null>;
  stretch: ShallowRef<{ fromX: number; toX: number } | null>;
  dragging: Ref<boolean>;
} {
  const hover = shallowRef<{ x: number; y: number } | null>(null);
  const stretch = shallowRef<{ fromX: number; toX: number } | null>(null);
  const dragging = ref(false);
  let held: { id: number; x: number; y: number; lastX: number; mode: 'pan' | 'stretch' } | null = null;

  function at(event: MouseEvent): { x: number; y: number } {
    const box = element.value?.getBoundingClientRect();
    const scale = place.scale();
    return {
      x: (event.clientX - (box?.left ?? 0)) / scale - place.gutterPx(),
      y: (event.clientY - (box?.top ?? 0)) / scale,
    };
  }

  useEventListener(element, 'pointerdown', (event) => {
    const { x, y } = at(event);
    if (event.button !== 0 || x < 0) return;
    const mode = event.shiftKey || y < place.rulerPx() ? 'stretch' : 'pan';
    held = { id: event.pointerId, x, y, lastX: x, mode };
    element.value?.setPointerCapture(event.pointerId);
  });

  useEventListener(element, 'pointermove', (event) => {
    const { x, y } = at(event);
    if (!held) {
      hover.value = x < 0 ? null : { x, y };
      return;
    }
    if (!dragging.value && Math.hypot(x - held.x, y - held.y) < CLICK_PX) return;
    dragging.value = true;
    hover.value = null;
    if (held.mode === 'stretch') stretch.value = { fromX: held.x, toX: Math.max(x, 0) };
    else gestures.drag(x - held.lastX);
    held.lastX = x;
  });

  function release(event: PointerEvent, cancelled: boolean): void {
    if (!held || held.id !== event.pointerId) return;
    const { x, y } = held;
    const chosen = stretch.value;
    const moved = dragging.value;
    held = null;
    stretch.value = null;
    dragging.value = false;
    if (cancelled) return;
    if (chosen && Math.abs(chosen.toX - chosen.fromX) >= CLICK_PX) gestures.stretch(chosen.fromX, chosen.toX);
    else if (!moved) gestures.click(x, y);
  }
  useEventListener(element, 'pointerup', (event) => release(event, false));
  useEventListener(element, 'pointercancel', (event) => release(event, true));
  useEventListener(element, 'pointerleave', () => (hover.value = null));
  useEventListener(element, 'dblclick', (event) => {
    const { x, y } = at(event);
    if (x >= 0) gestures.doubleClick(x, y);
  });

  useEventListener(
    element,
    'wheel',
    (event) => {
      // Beside the plot the wheel scrolls the lanes, where they do not all fit.
      if (at(event).x < 0 && !event.ctrlKey) return;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? WHEEL_LINE_PX : 1;
      const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
      // A pinch on a trackpad comes as a wheel with Ctrl held, in finer steps than a wheel's.
      if (event.ctrlKey) {
        gestures.wheelZoom(Math.max(at(event).x, 0), zoomFactor(dy * PINCH));
      } else if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) {
        gestures.wheelPan((Math.abs(dx) > Math.abs(dy) ? dx : dy) / place.scale());
      } else {
        gestures.wheelZoom(Math.max(at(event).x, 0), zoomFactor(dy));
      }
    },
    { passive: false },
  );
  return { hover, stretch, dragging };
}
