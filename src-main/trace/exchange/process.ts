/** What the process that exports and imports says and does: one errand, then it leaves. It may be killed at any moment. */
import { TraceRefused } from '../reader/refusal.ts';
import { exportTrace } from './export.ts';
import { importTrace } from './import.ts';
import { ExchangeRefused } from './output-file.ts';
import type { FromExchange, Progress, ToExchange } from './protocol.ts';

const PROGRESS_MS = 100;

export function exchangeProcess(): void {
  process.on('message', (message: ToExchange) => {
    run(message).then(
      (answer) => say(answer, () => process.exit(0)),
      (error: unknown) => {
        const usage = error instanceof ExchangeRefused || error instanceof TraceRefused;
        const text = error instanceof Error ? error.message : String(error);
        say({ kind: 'failed', error: text, usage }, () => process.exit(0));
      },
    );
  });
  // Ctrl+C in a terminal reaches the whole group and is the parent's to handle.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
}

async function run(message: ToExchange): Promise<FromExchange> {
  const progress = seldom((at) => say({ kind: 'progress', progress: at }));
  if (message.kind === 'export') return { kind: 'exported', outcome: exportTrace(message.options, progress) };
  return { kind: 'imported', outcome: await importTrace(message.options, progress) };
}

function seldom(tell: (at: Progress) => void): (at: Progress) => void {
  let toldMs = -Infinity;
  return (at) => {
    if (performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    tell(at);
  };
}

function say(message: FromExchange, then?: () => void): void {
  if (process.send) process.send(message, () => then?.());
  else then?.();
}
