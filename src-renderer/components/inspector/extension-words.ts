/** The messages beyond Figure 2 in words: PreVote, TimeoutNow, InstallSnapshot, ReadIndex and their answers. Pure. */
import { describeMembers } from '../../../src-main/api/index.ts';
import type { Configuration, EventDetail, MessageDetail } from '../../../src-main/api/index.ts';
import { bytes as size, count } from '../../wording/figures.ts';
import { flagOf, numberOf, position, textOf } from './body-fields.ts';
import type { Explanation, Fact, Fields } from './body-fields.ts';

/** The body's fields with what they mean; undefined for a type that is not one of these. */
export function extensionFacts({ type, body }: MessageDetail): Fact[] | undefined {
  switch (type) {
    case 'PreVote':
      return voteRequestFacts(body);
    case 'PreVoteReply':
      return [{ name: 'promise', value: flagOf(body, 'granted') ? 'granted' : 'refused' }];
    case 'TimeoutNow':
      return [];
    case 'InstallSnapshot':
      return installFacts(body);
    case 'InstallSnapshotReply':
      return [
        { name: 'snapshot of', value: `entry ${countOf(body, 'lastIndex')}` },
        { name: 'installed', value: flagOf(body, 'installed') ? 'yes' : 'not yet' },
        { name: 'wanted next', value: `from byte ${countOf(body, 'next')}` },
        { name: 'answers round', value: countOf(body, 'round') },
      ];
    case 'ReadIndex':
      return [{ name: 'question', value: countOf(body, 'context') }];
    case 'ReadIndexReply':
      return [
        { name: 'to question', value: countOf(body, 'context') },
        {
          name: 'read index',
          value: numberOf(body, 'index') === undefined ? 'refused' : countOf(body, 'index'),
        },
      ];
    default:
      return undefined;
  }
}

/** Of RequestVote and of PreVote. */
export function voteRequestFacts(body: object): Fact[] {
  const facts = [
    { name: 'last log', value: position(numberOf(body, 'lastLogIndex'), numberOf(body, 'lastLogTerm')) },
  ];
  if (flagOf(body, 'transfer')) facts.push({ name: 'transfer', value: 'the leader asked for this election' });
  const priority = numberOf(body, 'priority');
  if (priority !== undefined) facts.push({ name: 'priority', value: String(priority) });
  const disk = textOf(body, 'disk');
  if (disk !== undefined) facts.push({ name: 'voter’s disk', value: disk });
  return facts;
}

function installFacts(body: object): Fact[] {
  const offset = numberOf(body, 'offset') ?? 0;
  const length = numberOf(body, 'data') ?? 0;
  const total = numberOf(body, 'total') ?? 0;
  const configuration = (body as Fields)['configuration'];
  return [
    { name: 'snapshot of', value: position(numberOf(body, 'lastIndex'), numberOf(body, 'lastTerm')) },
    { name: 'bytes', value: `${count(offset)} – ${count(offset + length)} of ${count(total)}` },
    ...(isConfiguration(configuration) ? [{ name: 'members', value: describeMembers(configuration) }] : []),
    { name: 'round', value: countOf(body, 'round') },
  ];
}

function isConfiguration(value: unknown): value is Configuration {
  if (typeof value !== 'object' || value === null) return false;
  const { voters, outgoing, learners, learnersNext } = value as Fields;
  return [voters, outgoing, learners, learnersNext].every(Array.isArray);
}

function countOf(body: object, field: string): string {
  const value = numberOf(body, field);
  return value === undefined ? 'unknown' : count(value);
}

/** Why it was sent and answered as it was; undefined for a type that is not one of these. */
export function explainExtension(
  message: MessageDetail,
  effects: readonly EventDetail[],
): Explanation | undefined {
  switch (message.type) {
    case 'PreVote':
      return explainPreVote(message, effects);
    case 'PreVoteReply':
      return explainPreVoteReply(message);
    case 'TimeoutNow':
      return {
        title: 'What it says',
        text: `${message.from} hands the leadership over: ${message.to} holds its whole log and is to stand for election at once, without waiting for its timer and without asking first. Its RequestVote says so, and voters need not be loyal to the leader who asked for it.`,
        sections: [],
        dissertation: ['3.10'],
      };
    case 'InstallSnapshot':
      return explainInstall(message);
    case 'InstallSnapshotReply':
      return explainInstallReply(message);
    case 'ReadIndex':
      return {
        title: 'What it asks',
        text: `Clients want to read from ${message.from}. It asks ${message.to}, the leader, for its commit index; ${message.to} answers once a round of heartbeats has shown that it still leads.`,
        sections: ['8'],
        dissertation: ['6.4'],
      };
    case 'ReadIndexReply':
      return explainReadIndexReply(message);
    default:
      return undefined;
  }
}

function explainPreVote({ from, to, term }: MessageDetail, effects: readonly EventDetail[]): Explanation {
  const refusal = effects.find(({ event }) => event.source === to && event.kind === 'refuse');
  if (refusal?.event.kind === 'refuse') {
    return {
      title: 'Why it was refused',
      text: `${to} refused: ${refusal.event.reason}. Nobody's term or vote has changed, so a node that was cut off disturbs no leader.`,
      sections: [],
      dissertation: ['9.6', '4.2.3'],
    };
  }
  return {
    title: 'What it asks',
    text: `${from} asks ${to} whether it would vote for it in term ${term}. ${from} has not entered that term yet, and whatever the answer is, ${to} keeps its term, its vote and its timer.`,
    sections: ['5.4.1'],
    dissertation: ['9.6'],
  };
}

function explainPreVoteReply({ from, to, term, body }: MessageDetail): Explanation {
  const reason = textOf(body, 'reason');
  if (flagOf(body, 'granted')) {
    return {
      title: 'What it means',
      text: `${from} would vote for ${to} in term ${term}. With such promises of a majority ${to} enters the term and asks for real votes; a promise binds nobody.`,
      sections: [],
      dissertation: ['9.6'],
    };
  }
  return {
    title: 'Why it was refused',
    text: `${from} would not vote for ${to}${reason ? `: ${reason}` : ''}. ${to} stays in its term.`,
    sections: [],
    dissertation: ['9.6', '4.2.3'],
  };
}

function explainInstall({ from, to, body }: MessageDetail): Explanation {
  const lastIndex = countOf(body, 'lastIndex');
  const length = numberOf(body, 'data') ?? 0;
  const chunk =
    length === (numberOf(body, 'total') ?? 0)
      ? 'All of it is in this message'
      : `This chunk of ${size(length)} begins at byte ${countOf(body, 'offset')}, where ${to} said to go on`;
  return {
    title: 'What it says',
    text: `${to} lacks entries that ${from} has compacted, so ${from} sends it the state that everything up to entry ${lastIndex} led to, and who took part then. ${chunk}.`,
    sections: ['7'],
    dissertation: ['5.1'],
  };
}

function explainInstallReply({ from, to, body }: MessageDetail): Explanation {
  const reason = textOf(body, 'reason');
  const lastIndex = countOf(body, 'lastIndex');
  const base = { sections: ['7'], dissertation: ['5.1'] };
  if (reason !== undefined)
    return { title: 'Why it was refused', text: `${from} refused: ${reason}.`, ...base };
  if (flagOf(body, 'installed')) {
    return {
      title: 'What it means',
      text: `${from} holds everything up to entry ${lastIndex}, durably. ${to} goes on with the entries behind it.`,
      ...base,
    };
  }
  return {
    title: 'What it means',
    text: `${from} has taken the chunk and wants the bytes from ${countOf(body, 'next')} on. A transfer that broke off goes on there, whoever sends it.`,
    ...base,
  };
}

function explainReadIndexReply({ from, to, body }: MessageDetail): Explanation {
  const base = { sections: ['8'], dissertation: ['6.4'] };
  if (numberOf(body, 'index') === undefined) {
    const reason = textOf(body, 'reason');
    return {
      title: 'Why it was refused',
      text: `${from} cannot say what is committed${reason ? `: ${reason}` : ''}.`,
      ...base,
    };
  }
  return {
    title: 'What it means',
    text: `When ${to} asked, everything up to entry ${countOf(body, 'index')} was committed. ${to} serves its reads once it has applied that entry: then they are as recent as the leader's own.`,
    ...base,
  };
}
