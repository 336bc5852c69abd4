import { defineStore } from 'pinia';
import { ref, watch } from 'vue';
import type { CommandResult, ReadHow } from '../../src-main/api/index.ts';
import { parseLine, USAGE } from './console-line.ts';
import type { ConsoleCommand } from './console-line.ts';
import { count, milliseconds, sentenceOf } from '../wording/figures.ts';
import { useControlStore } from './control.ts';
import { useRunStore } from './run.ts';
import { useSelectionStore } from './selection.ts';

export interface ConsoleLine {
  number: number;
  tone: 'input' | 'ok' | 'fail' | 'unknown' | 'note';
  /** The word that matters: the value, `ok`, `fail`. */
  lead: string;
  text: string;
  /** The operation it speaks of. */
  operation: string | null;
}

/** How an answer came about, where it did not come as usual. */
function readWords(how: ReadHow | undefined): string | null {
  switch (how) {
    case 'stale':
      return 'possibly stale';
    case 'read-index':
      return 'by ReadIndex';
    case 'lease':
      return 'by the lease';
    case 'log':
      return 'through the log';
    case undefined:
      return null;
  }
}

const LINES_MAX = 200;
const HISTORY_MAX = 100;

/** What was typed into the key-value console of the open run and what came back; survives a change of view. */
export const useConsoleStore = defineStore('console', () => {
  const control = useControlStore();
  const run = useRunStore();
  const selection = useSelectionStore();
  const lines = ref<ConsoleLine[]>([]);
  const typed = ref<string[]>([]);
  const busy = ref(false);
  /** How reads are made that do not say it themselves; `default`: as the cluster's options say. */
  const reads = ref<ReadHow | 'default'>('default');
  let number = 0;

  function say(tone: ConsoleLine['tone'], lead: string, text = '', operation: string | null = null): void {
    lines.value = [...lines.value, { number: ++number, tone, lead, text, operation }].slice(-LINES_MAX);
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
    else await send(asChosen(parsed.command));
  }

  /** A read that does not say how is made as was chosen. */
  function asChosen(command: ConsoleCommand): ConsoleCommand {
    if (command.kind !== 'get' || command.read !== undefined || command.stale === true) return command;
    if (reads.value === 'default') return command;
    if (reads.value !== 'stale') return { ...command, read: reads.value };
    const asked = selection.nodeId;
    return { ...command, stale: true, ...(asked === null ? {} : { node: asked }) };
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
    if (command.kind === 'get') {
      const how = readWords(command.stale === true ? 'stale' : command.read);
      if (how !== null) parts.push(how);
    }
    if (operation.error) parts.push(operation.error);
    if (operation.outcome !== 'ok')
      return say(operation.outcome, operation.outcome, parts.join(' · '), operation.id);
    if (command.kind !== 'get') return say('ok', 'ok', parts.join(' · '), operation.id);
    say('ok', operation.value === null ? 'no such key' : operation.value, parts.join(' · '), operation.id);
  }

  watch(
    () => run.runId,
    () => {
      lines.value = [];
    },
  );
  return { lines, typed, busy, reads, enter };
});
