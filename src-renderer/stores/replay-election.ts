import type { ElectionRow } from '../../src-main/api/index.ts';
import type { useCursorStore } from './cursor.ts';
import { LEAD_NS } from './history.ts';

/** Slow enough to see a campaign of a few milliseconds. */
const RATE = 1 / 200;

/** Puts the cursor shortly before the first candidacy and plays through the slow lens. */
export function replayElection(election: ElectionRow, cursor: ReturnType<typeof useCursorStore>): void {
  cursor.pause();
  cursor.setRate(RATE);
  cursor.seek(election.firstCandidacyNs - LEAD_NS);
  cursor.play();
}
