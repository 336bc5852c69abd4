/** What the pointer is told about the thing under it: a title and a few facts. */
import type { OperationBucket } from '../../../src-main/api/index.ts';
import type { Hit } from './hit.ts';
import { MARK_WORDS } from './lane-marks.ts';
import { sentenceOf } from './segments.ts';
import { electionSum, electionTitle, faultTitle } from './spans.ts';
import { formatDuration, formatMoment, formatMs, groupThousands } from './time.ts';

export interface TooltipText {
  readonly title: string;
  readonly lines: readonly string[];
}

/** `write`: how the ruler reads moments. */
export function tooltipText(
  hit: Hit,
  buckets: readonly OperationBucket[],
  write: (atNs: number, decimals: number) => string = formatMoment,
): TooltipText | null {
  switch (hit.kind) {
    case 'message': {
      const { message } = hit;
      const endNs = message.deliveredNs ?? message.arrivedNs;
      const entries =
        message.entries > 0 ? ` · ${message.entries} ${message.entries === 1 ? 'entry' : 'entries'}` : '';
      const granted = message.granted === null ? '' : message.granted ? ' · granted' : ' · refused';
      const fate = message.reason ? `${message.fate}: ${message.reason}` : message.fate;
      return {
        title: `${message.type} ${message.from} → ${message.to}`,
        lines: [
          `term ${message.term}${entries}${granted}`,
          `sent ${write(message.sentNs, 6)}`,
          endNs === null ? fate : `${fate} after ${formatDuration(endNs - message.sentNs)}`,
        ],
      };
    }
    case 'election':
      return { title: electionTitle(hit.election), lines: [electionSum(hit.election)] };
    case 'fault': {
      const { fault } = hit;
      const length =
        fault.toNs === null ? 'has not ended' : `lasted ${formatDuration(fault.toNs - fault.fromNs)}`;
      return { title: faultTitle(fault), lines: [`from ${write(fault.fromNs, 4)}`, length] };
    }
    case 'mark': {
      const { mark } = hit.placed;
      const more = mark.count > 1 ? [`and ${mark.count - 1} more here: zoom in`] : [];
      return {
        title: `${mark.node}: ${MARK_WORDS[mark.kind]}`,
        lines: [`at ${write(mark.atNs, 4)}`, mark.text, ...more],
      };
    }
    case 'segment': {
      const { fromNs, toNs } = hit.segment;
      const length = toNs === null ? 'to the end of the recording' : `for ${formatDuration(toNs - fromNs)}`;
      return { title: sentenceOf(hit.segment), lines: [`from ${write(fromNs, 4)}`, length] };
    }
    case 'finding':
      return { title: hit.finding.rule, lines: [`at ${write(hit.finding.atNs, 4)}`, hit.finding.text] };
    case 'operation': {
      const { operation } = hit;
      const { completedNs, invokedNs, outcome } = operation;
      const took = completedNs === null ? '' : ` after ${formatDuration(completedNs - invokedNs)}`;
      return {
        title: `${operation.call} ${operation.key} by ${operation.client}`,
        lines: [`called ${write(invokedNs, 6)}`, `${outcome}${took}`],
      };
    }
    case 'clients': {
      const bucket = buckets.find(({ fromNs, toNs }) => hit.atNs >= fromNs && hit.atNs < toNs);
      if (!bucket) return null;
      const width = formatDuration(bucket.toNs - bucket.fromNs);
      const latency =
        bucket.p50Ms === null
          ? []
          : [`p50 ${formatMs(bucket.p50Ms)} ms · p99 ${formatMs(bucket.p99Ms ?? bucket.p50Ms)} ms`];
      const trouble =
        bucket.failed + bucket.unknown > 0
          ? [`${groupThousands(bucket.failed)} failed · ${groupThousands(bucket.unknown)} unknown`]
          : [];
      return {
        title: `${groupThousands(bucket.acknowledged)} acknowledged in ${width}`,
        lines: [...latency, ...trouble],
      };
    }
    case 'ruler':
      return null;
  }
}
