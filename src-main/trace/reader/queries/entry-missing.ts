/** Which steps of an entry were never taken. */
import type { LogIndex, NodeId } from '../../../consensus/replica.ts';
import type { MessageRow } from '../../model/queries.ts';
import type { MissingStep, StoryMoment, StoryStage } from '../../model/stories.ts';
import type { NodeState } from '../../model/state.ts';
import type { TraceConnection } from '../connection.ts';
import { endNs, stateAt } from './state-at.ts';

const HOLDING: readonly StoryStage[] = ['created', 'appended', 'found', 'restored'];
const GONE: readonly StoryStage[] = ['truncated', 'lost'];

/** For those who took part when the entry was made. What became of it later (compaction) is nothing that lacks. */
export function missingSteps(
  trace: TraceConnection,
  index: LogIndex,
  moments: readonly StoryMoment[],
  messages: readonly MessageRow[],
): MissingStep[] {
  const first = moments[0];
  if (first === undefined) return [];
  const end = stateAt(trace, endNs(trace));
  const missing: MissingStep[] = [];
  if (!moments.some(({ stage }) => stage === 'committed' || stage === 'restored')) {
    const holders = new Set(moments.filter(({ stage }) => stage === 'durable').map(({ where }) => where));
    const members = membersAt(trace, first.atNs).length;
    missing.push({ node: null, text: `never committed: durable on ${holders.size} of ${members} nodes` });
  }
  for (const node of membersAt(trace, first.atNs)) {
    const own = moments.filter(({ where }) => where === node).map(({ stage }) => stage);
    const text = lacking(
      node,
      index,
      own,
      messages,
      end.nodes.find(({ id }) => id === node),
    );
    if (text !== undefined) missing.push({ node, text });
  }
  return missing;
}

function membersAt(trace: TraceConnection, atNs: number): NodeId[] {
  const { nodes } = stateAt(trace, atNs);
  const leader = nodes.find(({ role, status }) => role === 'leader' && status === 'running');
  const configuration = (leader ?? nodes[0])?.configuration?.configuration;
  if (configuration === undefined) return nodes.map(({ id }) => id);
  const { voters, outgoing, learners } = configuration;
  return [...new Set([...voters, ...outgoing, ...learners])].sort();
}

function lacking(
  node: NodeId,
  index: LogIndex,
  own: readonly StoryStage[],
  messages: readonly MessageRow[],
  end: NodeState | undefined,
): string | undefined {
  if (!own.some((stage) => HOLDING.includes(stage)))
    return `never replicated to ${node}: ${whyNot(node, messages)}`;
  // A snapshot stands for everything before it.
  if (own.includes('restored') || own.includes('compacted') || (end?.applied ?? 0) >= index) return undefined;
  if (own.some((stage) => GONE.includes(stage))) return undefined;
  if (!own.includes('durable') && !own.includes('found')) return `never durable on ${node}`;
  if (!own.includes('committed')) return `${node} never learned that it was committed`;
  return own.includes('applied') ? undefined : `never applied on ${node}`;
}

function whyNot(node: NodeId, messages: readonly MessageRow[]): string {
  const sent = messages.filter(({ to }) => to === node);
  if (sent.length === 0) return 'no message carried it there';
  const reasons = [...new Set(sent.map(({ fate, reason }) => reason ?? fate))].slice(0, 2).join(', ');
  const copies =
    sent.length === 1 ? 'the message that carried it' : `the ${sent.length} messages that carried it`;
  return sent.some(({ fate }) => fate === 'delivered')
    ? `it refused ${copies}, or ended before it had taken it in`
    : `${copies} never came in (${reasons})`;
}
