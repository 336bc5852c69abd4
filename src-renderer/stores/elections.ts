import { watch } from 'vue';
import type { ElectionRow } from '../../src-main/api/index.ts';
import { milliseconds } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useRunStore } from './run.ts';

/** How long an election lasted: from the moment the cluster lost its leader (or began) until it had the next. */
export function electionMs(election: ElectionRow): number {
  return (election.electedNs - election.startedNs) / 1e6;
}

/** `n3 elected in 493 ms`. */
export function electionSentence(election: ElectionRow): string {
  return `${election.leader} elected in ${milliseconds(electionMs(election))}`;
}

/** Says each election of the live run once, when it is recorded. Returns what ends it. */
export function announceElections(): () => void {
  const run = useRunStore();
  const announcer = useAnnouncer();
  let saidFor: string | null = null;
  let said = 0;
  return watch(
    () => run.snapshot,
    (snapshot) => {
      if (!snapshot) return;
      const newest = snapshot.elections.at(-1);
      const number = newest?.number ?? 0;
      if (saidFor === snapshot.runId && newest && number > said) {
        announcer.announce(`${electionSentence(newest)}, leader of term ${newest.term}.`);
      }
      saidFor = snapshot.runId;
      said = number;
    },
  );
}
