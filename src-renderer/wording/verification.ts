/** What is said of a trace from elsewhere while it is verified, and of what was found. */
import type { Verification } from '../../src-main/api/index.ts';
import { bytes } from './figures.ts';

export interface VerificationWords {
  text: string;
  title: string;
  tone: string;
  /** Worth a place in the run bar; a sound trace needs no word there. */
  stands: boolean;
}

export function verificationWords(verification: Verification): VerificationWords {
  switch (verification.state) {
    case 'waiting':
      return {
        text: 'not verified yet',
        title: 'It comes from elsewhere and is read through before long; it can be used meanwhile.',
        tone: 'text-t2',
        stands: true,
      };
    case 'verifying':
      return {
        text: `verifying ${Math.floor(verification.share * 100)} %`,
        title: `${bytes(verification.bytes)} of ${bytes(verification.ofBytes)} are read through. The trace can be used meanwhile.`,
        tone: 'text-t2',
        stands: true,
      };
    case 'damaged':
      return { text: 'damaged', title: verification.text, tone: 'text-fault', stands: true };
    case 'sound':
      return {
        text: 'verified',
        title: 'It comes from elsewhere, was read through, and is sound.',
        tone: 'text-t2',
        stands: false,
      };
  }
}
