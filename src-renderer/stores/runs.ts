import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { IncomingTrace, ProfileSummary, RunSummary, ScenarioSummary } from '../../src-main/api/index.ts';
import { useBridge } from './bridge.ts';
import { ofTheWindow } from './scope.ts';

/** Every run the lab knows, newest first, and what new ones can be made of. */
export const useRunsStore = ofTheWindow(
  defineStore('runs', () => {
    const bridge = useBridge();
    const runs = shallowRef<RunSummary[]>([]);
    /** Traces from elsewhere that are being copied into the data root. */
    const incoming = shallowRef<IncomingTrace[]>([]);
    const loaded = ref(false);
    const profiles = shallowRef<ProfileSummary[]>([]);
    const scenarios = shallowRef<ScenarioSummary[]>([]);
    const byId = computed(() => new Map(runs.value.map((run) => [run.runId, run])));

    const unsubscribe = bridge.subscribe('runs', {}, (snapshot) => {
      runs.value = [...snapshot.runs].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
      incoming.value = snapshot.incoming ?? [];
      loaded.value = true;
    });

    /** Profiles and scenarios; rejects with a sentence. */
    async function loadChoices(): Promise<void> {
      const [profileAnswer, scenarioAnswer] = await Promise.all([
        bridge.call('listProfiles', {}),
        bridge.call('listScenarios', {}),
      ]);
      profiles.value = profileAnswer.profiles;
      scenarios.value = scenarioAnswer.scenarios;
    }

    /** Takes a summary that a call answered, ahead of the stream. */
    function put(summary: RunSummary): void {
      const others = runs.value.filter((run) => run.runId !== summary.runId);
      runs.value = [summary, ...others].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
    }

    function drop(runId: string): void {
      runs.value = runs.value.filter((run) => run.runId !== runId);
    }

    return { runs, incoming, loaded, byId, profiles, scenarios, loadChoices, put, drop, unsubscribe };
  }),
);
