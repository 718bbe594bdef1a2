/** The last frames of the line, in both directions. */
import type { LoggedFrame } from '../../frames/frame-log.ts';
import type { View } from '../../view.ts';
import { createDetail } from '../detail.ts';
import { make, setText } from '../dom.ts';
import { createFilter } from '../filter.ts';
import { createGrid } from '../grid.ts';
import type { Panel } from '../panel.ts';
import { sayBytes, sayCount, sayTime } from '../words.ts';

const NO_RECORDER =
  "No worker records frames. In the hub's script, ahead of startHub(protocol): import { recordFrames } from 'trunkline/inspector/hub', and call recordFrames(protocol).";

export function createFramesPanel(): Panel {
  let view: View | null = null;
  /** What is shown while a person holds it. */
  let held: readonly LoggedFrame[] | null = null;
  const redraw = () => view && update(view);
  const filter = createFilter('Filter frames', redraw);
  const hold = make('button', { type: 'button', 'aria-pressed': 'false' }, 'Hold');
  hold.addEventListener('click', () => {
    held = held ? null : (view?.frames ?? null);
    hold.setAttribute('aria-pressed', `${held !== null}`);
    redraw();
  });
  const count = make('p', { class: 'note' });
  const detail = createDetail('The chosen frame');
  const grid = createGrid<LoggedFrame>({
    label: 'Frames, the newest first',
    keyOf: ({ key }) => key,
    toneOf: ({ direction }) => TONES[direction],
    columns: [
      { label: 'At', width: '7.5em', text: ({ at }) => sayTime(at) },
      { label: 'Way', width: '3.5em', text: ({ direction }) => WAYS[direction] },
      { label: 'Type', width: 'minmax(6em, 1fr)', text: ({ type }) => type },
      { label: 'About', width: 'minmax(0, 2fr)', text: ({ about }) => about },
      { label: 'Size', width: '4.5em', isNumber: true, isMinor: true, text: ({ size }) => sayBytes(size) },
    ],
    chosen: (frame) =>
      detail.update(
        frame && {
          facts: {
            At: sayTime(frame.at),
            Way: WAYS[frame.direction],
            Type: frame.type,
            About: frame.about || null,
            Size: sayBytes(frame.size),
            Socket: `${frame.socket}`,
            Payload: whyNoPayload(frame, view?.showsPayloads ?? false),
          },
          payload: view?.showsPayloads ? pretty(frame.payload ?? null) : null,
        },
      ),
  });
  const update = (now: View) => {
    view = now;
    const frames = held ?? now.frames;
    setText(
      count,
      now.hasRecorder ? `The last ${sayCount(frames.length)} of this browser's line.` : NO_RECORDER,
    );
    const shown = filter.of(frames, ({ direction, type, about }) => `${WAYS[direction]} ${type} ${about}`);
    grid.update([...shown].reverse());
  };
  return {
    name: 'frames',
    label: 'Frames',
    element: make(
      'section',
      {},
      make('div', { class: 'bar' }, filter.element, hold, count),
      grid.element,
      detail.element,
    ),
    update,
  };
}

const WAYS = { in: 'in', out: 'out', socket: 'socket' } as const;
const TONES = { in: 'busy', out: 'good', socket: 'waits' } as const;

function whyNoPayload({ direction, payload }: LoggedFrame, showsPayloads: boolean): string | null {
  if (direction === 'socket' || payload) return null;
  return showsPayloads ? 'not kept' : 'hidden';
}

/** As it was kept, where that is not the whole of it. */
function pretty(payload: string | null): string | null {
  if (payload === null) return null;
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
