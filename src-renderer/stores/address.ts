import { watch } from 'vue';
import { useBridge } from './bridge.ts';
import { readPlace, usePlaceStore, writePlace } from './place.ts';

const MIRROR_MS = 400;

/**
 * Keeps the window's address equal to what it shows, goes where the address says on load and on back and forward, and follows
 * `quorum-lab://` links. Returns what ends it.
 */
export function mirrorAddress(): () => void {
  const place = usePlaceStore();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function write(push: boolean): void {
    const url = `${window.location.pathname}${writePlace(place.here)}`;
    if (url === window.location.pathname + window.location.search) return;
    if (push) window.history.pushState(null, '', url);
    else window.history.replaceState(null, '', url);
  }

  const stops = [
    watch(
      () => [place.here.runId, place.here.view],
      () => {
        if (!place.going) write(true);
      },
      { flush: 'post' },
    ),
    watch(
      () => writePlace(place.here),
      () => {
        clearTimeout(timer);
        timer = setTimeout(() => write(false), MIRROR_MS);
      },
    ),
    useBridge().onOpenLink((text) => void place.goToLink(text)),
  ];
  const onPop = (): void => void place.go(readPlace(window.location.search));
  window.addEventListener('popstate', onPop);
  if (window.location.search) void place.go(readPlace(window.location.search));

  return () => {
    clearTimeout(timer);
    window.removeEventListener('popstate', onPop);
    for (const stop of stops) stop();
  };
}
