import type { StepKind } from '../../src-main/api/index.ts';
import { useCursorStore } from '../stores/cursor.ts';
import { RATES, rateLabel, rateWords } from '../stores/playback.ts';
import { useRunStore } from '../stores/run.ts';
import { useSteppingStore } from '../stores/stepping.ts';
import type { CommandDefinition } from './registry.ts';

/** The cursor's commands: play, step, lens. They act on the open run, whatever view shows it. */
export function playbackCommands(): CommandDefinition[] {
  const run = useRunStore();
  const cursor = useCursorStore();
  const stepping = useSteppingStore();
  const open = (): boolean => run.runId !== null;

  const steps: [StepKind, string, string, string][] = [
    ['event', 'event', 'ArrowRight', 'ArrowLeft'],
    ['message', 'message', 'Shift+ArrowRight', 'Shift+ArrowLeft'],
    ['election', 'election', 'E', 'Shift+E'],
    ['fault', 'fault', 'G', 'Shift+G'],
    ['term', 'change of term', 'W', 'Shift+W'],
    ['finding', 'finding', 'F', 'Shift+F'],
  ];
  const stepCommands = steps.flatMap(([kind, word, next, previous]): CommandDefinition[] => {
    const when = (): boolean => open() && (kind !== 'finding' || (run.info?.findings ?? 0) > 0);
    return [
      {
        id: `playback.next-${kind}`,
        title: `Next ${word}`,
        group: 'Playback',
        keys: [next],
        when,
        run: () => stepping.step(kind, 'next'),
      },
      {
        id: `playback.previous-${kind}`,
        title: `Previous ${word}`,
        group: 'Playback',
        keys: [previous],
        when,
        run: () => stepping.step(kind, 'previous'),
      },
    ];
  });

  const nearestRate = (): number => {
    const distance = (rate: number): number => Math.abs(Math.log(rate / cursor.rate));
    return RATES.reduce((best, rate, at) => (distance(rate) < distance(RATES[best] ?? 1) ? at : best), 0);
  };
  const shiftRate = (by: number): void => {
    const rate = RATES[nearestRate() + by];
    if (rate !== undefined) cursor.setRate(rate);
  };

  return [
    {
      id: 'playback.toggle',
      title: 'Play or pause',
      group: 'Playback',
      keys: ['Space'],
      when: open,
      run: () => (cursor.playing || cursor.atEdge ? cursor.pause() : cursor.play()),
    },
    {
      id: 'playback.backwards',
      title: 'Play backwards',
      group: 'Playback',
      keys: ['Shift+Space'],
      when: open,
      run: () => cursor.play(-1),
    },
    ...stepCommands,
    {
      id: 'playback.start',
      title: 'To the start',
      group: 'Playback',
      keys: ['Home'],
      when: open,
      run: () => {
        cursor.pause();
        cursor.seek(0);
      },
    },
    {
      id: 'playback.end',
      title: 'To the live edge or the end',
      group: 'Playback',
      keys: ['End'],
      when: open,
      run: () => cursor.toEdge(),
    },
    {
      id: 'playback.slower',
      title: 'Slower lens',
      group: 'Playback',
      keys: [','],
      when: open,
      run: () => shiftRate(1),
    },
    {
      id: 'playback.faster',
      title: 'Faster lens',
      group: 'Playback',
      keys: ['.'],
      when: open,
      run: () => shiftRate(-1),
    },
    ...RATES.map((rate): CommandDefinition => ({
      id: rate > 1 ? `playback.rate-times-${rate}` : `playback.rate-${Math.round(1 / rate)}`,
      title: `Lens ${rateLabel(rate)}: ${rateWords(rate)}`,
      group: 'Playback',
      keys: [],
      when: open,
      run: () => cursor.setRate(rate),
    })),
  ];
}
