/** Query name -> the function that answers it. */
import type { QueryAnswer, QueryName, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { bookmarks } from './bookmarks.ts';
import { chain } from './chain.ts';
import { commits } from './commits.ts';
import { course } from './course.ts';
import { density } from './density.ts';
import { entryStory } from './entry-story.ts';
import { event, events } from './events.ts';
import { figures } from './figures.ts';
import { lanes } from './lanes.ts';
import { logs } from './logs.ts';
import { marks } from './marks.ts';
import { message, messages } from './messages.ts';
import { operationBuckets, operations } from './operations.ts';
import { operationStory } from './operation-story.ts';
import { elections, faults, findings, info, totals } from './overview.ts';
import { stateAt } from './state-at.ts';
import { step } from './step.ts';
import { traffic } from './traffic.ts';

export const answers: {
  [Q in QueryName]: (trace: TraceConnection, params: QueryParams<Q>) => QueryAnswer<Q>;
} = {
  info,
  totals,
  figures,
  stateAt: (trace, { atNs }) => stateAt(trace, atNs),
  lanes,
  messages,
  traffic,
  message,
  events,
  event,
  chain,
  step,
  elections,
  faults,
  findings,
  operations,
  operationBuckets,
  commits,
  marks,
  density,
  entryStory,
  operationStory,
  bookmarks,
  course,
  logs,
};
