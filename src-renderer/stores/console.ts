import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import type { CommandResult } from '../../src-main/api/index.ts';
import { parseLine, USAGE } from './console-line.ts';
import type { ConsoleCommand } from './console-line.ts';
import { count, milliseconds, sentenceOf } from '../wording/figures.ts';
import { useControlStore } from './control.ts';
import { useRunStore } from './run.ts';

export interface ConsoleLine {
  number: number;
  tone: 'input' | 'ok' | 'fail' | 'unknown' | 'note';
  /** The word that matters: the value, `ok`, `fail`. */
  lead: string;
  text: string;
}

const LINES_MAX = 200;
const HISTORY_MAX = 100;

/** What was typed into the key-value console of the open run and what came back; survives a change of view. */
export const useConsoleStore = defineStore('console', () => {
  const control = useControlStore();
  const run = useRunStore();
  const lines = ref<ConsoleLine[]>([]);
  const typed = ref<string[]>([]);
  const busy = ref(false);
  let number = 0;

  function say(tone: ConsoleLine['tone'], lead: string, text = ''): void {
    lines.value = [...lines.value, { number: ++number, tone, lead, text }].slice(-LINES_MAX);
  }

  async function enter(line: string): Promise<void> {
    const text = line.trim();
    if (!text || busy.value) return;
    typed.value = [...typed.value.filter((earlier) => earlier !== text), text].slice(-HISTORY_MAX);
    const parsed = parseLine(text, run.nodes);
    if (parsed.kind === 'clear') {
      lines.value = [];
      return;
    }
    say('input', text);
    if (parsed.kind === 'help') for (const form of USAGE) say('note', '', form);
    else if (parsed.kind === 'error') say('fail', '', parsed.text);
    else await send(parsed.command);
  }

  async function send(command: ConsoleCommand): Promise<void> {
    busy.value = true;
    try {
      sayResult(command, await control.execute(command));
    } catch (cause) {
      control.dismiss();
      say('fail', 'fail', sentenceOf(cause));
    } finally {
      busy.value = false;
    }
  }

  function sayResult(command: ConsoleCommand, result: CommandResult): void {
    const operation = result.operation;
    if (!operation) return say('note', '', result.text);
    const parts: string[] = [];
    if (operation.index !== null) parts.push(`index ${count(operation.index)}`);
    parts.push(milliseconds(operation.tookMs));
    if (operation.node) parts.push(operation.node);
    if (command.kind === 'get' && command.stale) parts.push('possibly stale');
    if (operation.error) parts.push(operation.error);
    if (operation.outcome !== 'ok') return say(operation.outcome, operation.outcome, parts.join(' · '));
    if (command.kind !== 'get') return say('ok', 'ok', parts.join(' · '));
    say('ok', operation.value === null ? 'no such key' : operation.value, parts.join(' · '));
  }

  watch(
    () => run.runId,
    () => {
      lines.value = [];
    },
  );
  return { lines, typed, busy, enter };
});
