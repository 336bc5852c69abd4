/** All that a window may know of the lab. */
export * from './contract.ts';
export type * from '../trace/model/queries.ts';
export type * from '../trace/model/state.ts';
export type * from '../trace/model/stories.ts';
export type * from '../trace/model/events.ts';
export { EVENT_KINDS } from '../trace/model/events.ts';
export * from '../trace/model/members.ts';
export type { Configuration, ProgressState, ReadMode } from '../consensus/replica.ts';
export type { Entry, LogIndex, NodeId, OperationId, Role, Term } from '../consensus/replica.ts';
export * from '../trace/model/exchange-formats.ts';
export type { CourseScope, CourseStep } from '../trace/model/course.ts';
export * from '../trace/model/divergence.ts';
