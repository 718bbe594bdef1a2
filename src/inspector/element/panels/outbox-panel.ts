/** The commands: those that wait, and what became of the others, on an axis of time. */
import type { Life, Stage, Stretch } from '../../recording/command-lives.ts';
import type { View } from '../../view.ts';
import { createDetail } from '../detail.ts';
import { make, setAttribute, setText } from '../dom.ts';
import { createFilter } from '../filter.ts';
import { createGrid } from '../grid.ts';
import type { Panel } from '../panel.ts';
import { sayCount, sayDuration, sayTime } from '../words.ts';

/** How much time the axis shows, in ms. */
const SPANS = { '1 min': 60_000, '10 min': 600_000, '1 h': 3_600_000, '1 day': 86_400_000 } as const;

export function createOutboxPanel(): Panel {
  let view: View | null = null;
  let spanMs: number = SPANS['1 min'];
  const redraw = () => view && update(view);
  const filter = createFilter('Filter commands', redraw);
  const span = make('select', { 'aria-label': 'Time shown' });
  for (const label of Object.keys(SPANS)) span.append(make('option', {}, label));
  span.addEventListener('change', () => {
    spanMs = Object.entries(SPANS).find(([label]) => label === span.value)?.[1] ?? spanMs;
    redraw();
  });
  const count = make('p', { class: 'note' });
  const detail = createDetail('The chosen command');
  const grid = createGrid<Life>({
    label: 'Commands',
    keyOf: ({ id }) => id,
    toneOf: ({ stretches }) => toneOf(stretches.at(-1)?.stage ?? 'unseen'),
    columns: [
      { label: 'Command', width: 'minmax(5em, 1fr)', text: ({ command }) => command.type },
      { label: 'Topic', width: 'minmax(0, 1fr)', isMinor: true, text: ({ topic }) => topic ?? '–' },
      {
        label: 'State',
        width: '6em',
        text: ({ stretches }) => sayStage(stretches.at(-1)?.stage ?? 'unseen'),
      },
      { label: 'Tries', width: '3em', isNumber: true, isMinor: true, text: ({ attempt }) => `${attempt}` },
      {
        label: 'Life',
        width: 'minmax(6em, 3fr)',
        text: (life) => sayLife(life, view?.now ?? 0),
        draw: (cell, life, words) => drawLife(cell, life, words, (view?.now ?? 0) - spanMs, view?.now ?? 0),
      },
    ],
    chosen: (life) =>
      detail.update(
        life && {
          facts: {
            Command: life.command.type,
            Id: life.id,
            Topic: life.topic,
            Priority: life.priority,
            Tries: sayCount(life.attempt),
            Began: life.stretches[0] ? sayTime(life.stretches[0].from) : null,
            Life: sayLife(life, view?.now ?? 0),
            Message: life.message,
            Payload: view?.showsPayloads ? null : 'hidden',
          },
          payload: view?.showsPayloads ? JSON.stringify(life.command, null, 2) : null,
        },
      ),
  });
  const update = (now: View) => {
    view = now;
    const { all } = now.recording.commands;
    const shown = filter.of(
      all,
      ({ command, topic, id, stretches }) => `${command.type} ${topic} ${id} ${stretches.at(-1)?.stage}`,
    );
    const waiting = all.filter(({ isOver }) => !isOver).length;
    setText(
      count,
      `${sayCount(waiting)} to be delivered, ${sayCount(all.length - waiting)} over. The axis ends now.`,
    );
    grid.update(shown);
  };
  return {
    name: 'outbox',
    label: 'Outbox',
    element: make(
      'section',
      {},
      make('div', { class: 'bar' }, filter.element, span, count),
      grid.element,
      detail.element,
    ),
    update,
  };
}

const TONES: Partial<Record<Stage, string>> = {
  accepted: 'good',
  written: 'good',
  sent: 'busy',
  queued: 'waits',
  waiting: 'waits',
  withdrawing: 'waits',
  uncertain: 'bad',
  rejected: 'bad',
  expired: 'bad',
  dropped: 'bad',
  quarantined: 'bad',
};
const toneOf = (stage: Stage) => TONES[stage] ?? 'quiet';
const sayStage = (stage: Stage) => (stage === 'left' ? 'dismissed' : stage === 'unseen' ? 'not seen' : stage);

/** Each stage with how long it took, and the last one, where it is over, as what it ended by. */
function sayLife({ stretches, isOver }: Life, now: number): string {
  return stretches
    .map(({ stage, from }, index) => {
      const next = stretches[index + 1];
      if (!next && isOver) return sayStage(stage);
      return `${sayStage(stage)} ${sayDuration((next?.from ?? now) - from)}`;
    })
    .join(', ');
}

/** As bars from `start` to `end`, ms since 1970; its words are there for those who do not see them. */
function drawLife(cell: HTMLElement, life: Life, words: string, start: number, end: number): void {
  const [said = cell.appendChild(make('span', { class: 'said' }))] = cell.children;
  setText(said, words);
  const bars = [...cell.children].slice(1);
  const { stretches, isOver } = life;
  stretches.forEach((stretch, index) => {
    const bar = bars[index] ?? cell.appendChild(make('i'));
    const last = index === stretches.length - 1;
    drawBar(bar as HTMLElement, stretch, stretches[index + 1]?.from ?? end, last && isOver, start, end);
  });
  for (const bar of bars.slice(stretches.length)) bar.remove();
}

function drawBar(
  bar: HTMLElement,
  { stage, from }: Stretch,
  until: number,
  isMoment: boolean,
  start: number,
  end: number,
): void {
  const place = (at: number) => Math.min(100, Math.max(0, ((at - start) / (end - start)) * 100));
  setAttribute(bar, 'data-tone', toneOf(stage));
  setAttribute(bar, 'class', isMoment ? 'moment' : stage === 'unseen' ? 'stretch unseen' : 'stretch');
  bar.hidden = (isMoment ? from : until) < start;
  bar.style.left = `${place(from).toFixed(2)}%`;
  if (!isMoment) bar.style.width = `${(place(until) - place(from)).toFixed(2)}%`;
}
