/** A message of Raft in words: what it says, and why it was answered as it was, with the paper's section. Pure. */
import type { EventDetail, MessageDetail } from '../../../src-main/api/index.ts';
import { flagOf, numberOf, position, textOf } from './body-fields.ts';
import type { Explanation, Fact, Fields } from './body-fields.ts';
import { explainExtension, extensionFacts, voteRequestFacts } from './extension-words.ts';

/** The body's fields under the names a reader of the paper expects. */
export function bodyFacts(message: MessageDetail): Fact[] {
  const { body } = message;
  switch (message.type) {
    case 'RequestVote':
      return voteRequestFacts(body);
    case 'RequestVoteReply':
      return [{ name: 'vote', value: flagOf(body, 'granted') ? 'granted' : 'refused' }];
    case 'AppendEntries':
      return [
        { name: 'follows', value: position(numberOf(body, 'prevLogIndex'), numberOf(body, 'prevLogTerm')) },
        { name: 'entries', value: message.entries === 0 ? 'none, a heartbeat' : String(message.entries) },
        { name: 'leader commit', value: String(numberOf(body, 'leaderCommit') ?? 'unknown') },
        ...roundFact(body),
      ];
    case 'AppendEntriesReply': {
      const success = flagOf(body, 'success');
      const facts = [{ name: 'result', value: success ? 'accepted' : 'refused' }];
      if (success)
        facts.push({ name: 'matches up to', value: String(numberOf(body, 'matchIndex') ?? 'unknown') });
      facts.push(...roundFact(body));
      const conflict = numberOf(body, 'conflictIndex');
      if (conflict !== undefined) facts.push({ name: 'go on from', value: String(conflict) });
      const conflictTerm = numberOf(body, 'conflictTerm');
      if (conflictTerm !== undefined) facts.push({ name: 'term there', value: String(conflictTerm) });
      return facts;
    }
    default:
      return extensionFacts(message) ?? otherFacts(body);
  }
}

/** The round of heartbeats that reads and the leader's lease wait for. */
function roundFact(body: object): Fact[] {
  const round = numberOf(body, 'round');
  return round === undefined ? [] : [{ name: 'round', value: String(round) }];
}

function otherFacts(body: object): Fact[] {
  return Object.entries(body).map(([name, value]) => ({ name, value: JSON.stringify(value).slice(0, 200) }));
}

/** A run of entries of one term that a message carries. */
export interface EntryRun {
  readonly first: number;
  readonly last: number;
  readonly term: number;
}

/** The entries that an AppendEntries carries; a recorded body says only which. */
export function entriesOf(message: MessageDetail): EntryRun[] {
  const entries = (message.body as Fields)['entries'];
  if (typeof entries !== 'object' || entries === null) return [];
  const runs = (entries as Fields)['terms'];
  if (!Array.isArray(runs)) return [];
  return runs.flatMap((run: unknown) => {
    if (typeof run !== 'object' || run === null) return [];
    const first = numberOf(run, 'first');
    const last = numberOf(run, 'last');
    const term = numberOf(run, 'term');
    return first === undefined || last === undefined || term === undefined ? [] : [{ first, last, term }];
  });
}

/** Why this message ended as it did and was answered as it was; `effects` are the events that it caused. */
export function explainMessage(message: MessageDetail, effects: readonly EventDetail[]): Explanation {
  const undelivered = explainUndelivered(message);
  if (undelivered) return undelivered;
  switch (message.type) {
    case 'RequestVote':
      return explainRequestVote(message, effects);
    case 'RequestVoteReply':
      return explainVoteReply(message);
    case 'AppendEntries':
      return explainAppend(message, effects);
    case 'AppendEntriesReply':
      return explainAppendReply(message);
    default:
      return (
        explainExtension(message, effects) ?? {
          title: 'What it says',
          text: `A message of type ${message.type}.`,
          sections: [],
        }
      );
  }
}

function explainUndelivered(message: MessageDetail): Explanation | null {
  const { from, to, type, reason, fate } = message;
  const because = reason ? `: ${reason}` : '';
  const harmless =
    'Raft expects this: the sender repeats what matters, and every request may safely come twice.';
  switch (fate) {
    case 'delivered':
      return null;
    case 'under-way':
      return {
        title: 'Under way',
        text: `${type} has left ${from} and has not reached ${to} yet.`,
        sections: [],
      };
    case 'arrived':
      return {
        title: 'Why it was not taken in',
        text: `It reached ${to}, but ${to} ended or stood still before taking it in${because}. ${harmless}`,
        sections: ['5.5'],
      };
    case 'dropped':
      return {
        title: 'Why it was dropped',
        text: `${to} never took it in${because}. ${harmless}`,
        sections: ['5.5'],
      };
    case 'lost':
      return {
        title: 'Why it was lost',
        text: `It left ${from} and never reached ${to}${because}. ${harmless}`,
        sections: ['5.5'],
      };
  }
}

function explainRequestVote(message: MessageDetail, effects: readonly EventDetail[]): Explanation {
  const { from, to, term } = message;
  for (const { event } of effects) {
    if (event.source !== to) continue;
    if (event.kind === 'vote' && event.candidate === from && event.term === term) {
      return {
        title: 'Why it was granted',
        text: `${to} had no other vote in term ${term}, and the candidate's ${event.reason.replace(' not behind ', ' is not behind ')}. The vote was on ${to}'s disk before the reply left.`,
        sections: ['5.2', '5.4.1'],
      };
    }
    if (event.kind === 'refuse') {
      return {
        title: 'Why it was refused',
        text: `${to} refused: ${event.reason}.`,
        sections: ['5.2', '5.4.1'],
      };
    }
  }
  const reply = effects.find(
    ({ event }) => event.kind === 'send' && event.source === to && event.to === from,
  );
  if (reply?.event.kind === 'send') {
    const granted = flagOf(reply.event.body, 'granted');
    const reason = textOf(reply.event.body, 'reason');
    return {
      title: granted ? 'Why it was granted' : 'Why it was refused',
      text: granted
        ? `${to} had already voted for ${from} in term ${term} and says so again.`
        : `${to} refused${reason ? `: ${reason}` : ''}.`,
      sections: ['5.2', '5.4.1'],
    };
  }
  return {
    title: 'What it asks',
    text: `${from} asks ${to} for its vote in term ${term}.`,
    sections: ['5.2'],
  };
}

function explainVoteReply({ from, to, term, body }: MessageDetail): Explanation {
  if (flagOf(body, 'granted')) {
    return {
      title: 'What it means',
      text: `${from} gives ${to} its one vote of term ${term}. With the votes of a majority ${to} leads that term.`,
      sections: ['5.2'],
    };
  }
  const reason = textOf(body, 'reason');
  return {
    title: 'Why it was refused',
    text: `${from} gives ${to} no vote in term ${term}${reason ? `: ${reason}` : ''}.`,
    sections: ['5.2', '5.4.1'],
  };
}

function explainAppend(message: MessageDetail, effects: readonly EventDetail[]): Explanation {
  const { from, to, term, body, entries } = message;
  const refusal = effects.find(({ event }) => event.source === to && event.kind === 'refuse');
  if (refusal?.event.kind === 'refuse') {
    return {
      title: 'Why it was refused',
      text: `${to} refused: ${refusal.event.reason}.`,
      sections: ['5.1', '5.3'],
    };
  }
  const commit = numberOf(body, 'leaderCommit') ?? 0;
  if (entries === 0) {
    return {
      title: 'What it says',
      text: `${from} still leads term ${term}: ${to} need not stand for election. Everything up to entry ${commit} is committed.`,
      sections: ['5.2'],
    };
  }
  const previous = position(numberOf(body, 'prevLogIndex'), numberOf(body, 'prevLogTerm'));
  const where = previous === 'empty' ? 'at the beginning of the log' : `right behind ${previous}`;
  const first = (numberOf(body, 'prevLogIndex') ?? 0) + 1;
  const what = entries === 1 ? `entry ${first}` : `entries ${first} to ${first + entries - 1}`;
  return {
    title: 'What it says',
    text: `${from} gives ${to} ${what}, which belong ${where}. ${to} takes them only if its log has that very place; everything up to entry ${commit} is committed.`,
    sections: ['5.3'],
  };
}

function explainAppendReply({ from, to, body }: MessageDetail): Explanation {
  if (flagOf(body, 'success')) {
    const match = numberOf(body, 'matchIndex') ?? 0;
    return {
      title: 'What it means',
      text: `${from}'s log equals ${to}'s up to entry ${match}, on disk. An entry of the leader's own term that a majority holds is committed.`,
      sections: ['5.3', '5.4.2'],
    };
  }
  const reason = textOf(body, 'reason');
  const next = numberOf(body, 'conflictIndex');
  return {
    title: 'Why it was refused',
    text: `${from} refused${reason ? `: ${reason}` : ''}.${next === undefined ? '' : ` ${to} may go on from entry ${next}.`}`,
    sections: ['5.3'],
  };
}
