import { defineStore } from 'pinia';
import { ref } from 'vue';
import { ofTheWindow } from './scope.ts';

/** What a screen reader is told: stepped events, elections, refusals. Also shown where the words belong in sight. */
export const useAnnouncer = ofTheWindow(
  defineStore('announcer', () => {
    const text = ref('');
    const count = ref(0);

    function announce(sentence: string): void {
      text.value = sentence;
      count.value++;
    }
    return { text, count, announce };
  }),
);
