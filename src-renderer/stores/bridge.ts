import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';
import type { Capabilities } from '../../src-main/api/index.ts';
import type { ConnectionState, WindowBridge } from '../bridge/index.ts';
import { ofTheWindow } from './scope.ts';

let bridge: WindowBridge | undefined;

/** Once, before the app is mounted (tests: before each). */
export function provideBridge(given: WindowBridge): void {
  bridge = given;
}

/** The lab, wherever it runs. */
export function useBridge(): WindowBridge {
  if (!bridge) throw new Error('No bridge was provided before the first use.');
  return bridge;
}

/** Whether the lab can be reached, and what it can do. */
export const useConnectionStore = ofTheWindow(
  defineStore('connection', () => {
    const lab = useBridge();
    const state = ref<ConnectionState>(lab.connection);
    const capabilities = shallowRef<Capabilities | null>(null);
    lab.onConnection((now) => (state.value = now));

    async function load(): Promise<void> {
      capabilities.value = await lab.call('capabilities', {});
    }
    return { state, capabilities, load };
  }),
);
