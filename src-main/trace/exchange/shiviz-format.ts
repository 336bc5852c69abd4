/**
 * A log for ShiViz (github.com/DistributedClocks/shiviz). Its first line is the expression that reads the others, its second one,
 * which would part several executions, is empty: so ShiViz takes them when the file is chosen there. Every event is a line.
 */
import { describeEvent } from '../model/describe.ts';
import type { EventKind } from '../model/events.ts';
import { eventId } from '../model/events.ts';
import type { TraceSource } from './exporting.ts';
import type { Output } from './output-file.ts';
import { VectorClocks } from './vector-clocks.ts';

const SHIVIZ_EXPRESSION =
  '(?<host>\\S+) (?<clock>\\{[^}]*\\}) (?<time>\\d+) (?<id>\\S+) (?<kind>\\S+) (?<event>.*)';

/** What happens within a node all the time and says nothing of what caused what. */
const LEFT_OUT: ReadonlySet<EventKind> = new Set<EventKind>([
  'arrive',
  'timer-armed',
  'persist-begun',
  'persist-completed',
  'progress',
]);

export function writeShiViz(from: TraceSource, output: Output): void {
  const clocks = new VectorClocks();
  output.write(`${SHIVIZ_EXPRESSION}\n\n`);
  for (const event of from.events()) {
    if (LEFT_OUT.has(event.kind)) continue;
    const clock = JSON.stringify(Object.fromEntries(clocks.next(event)));
    const said = describeEvent(event).replaceAll(/[\r\n]+/g, ' ');
    output.write(`${event.source} ${clock} ${event.atNs} ${eventId(event)} ${event.kind} ${said}\n`);
  }
}
