/** What became of the connection, step by step. */
import type { ConnectionStep } from '../../recording/connection-history.ts';
import type { View } from '../../view.ts';
import { createDetail } from '../detail.ts';
import { make, setText } from '../dom.ts';
import { createGrid } from '../grid.ts';
import type { Panel } from '../panel.ts';
import { sayDuration, sayMore, sayState, sayTime, toneOf } from '../words.ts';

interface Row extends ConnectionStep {
  /** When the next step came; now, where there is none. */
  readonly until: number;
}

export function createConnectionPanel(): Panel {
  const since = make('p', { class: 'note' });
  const detail = createDetail('The chosen step');
  const grid = createGrid<Row>({
    label: 'History of the connection, the newest first',
    keyOf: ({ n }) => `${n}`,
    toneOf: ({ connection }) => toneOf(connection),
    columns: [
      { label: 'At', width: '7.5em', text: ({ at }) => sayTime(at) },
      { label: 'State', width: 'minmax(6em, 1fr)', text: ({ connection }) => sayState(connection) },
      {
        label: 'For',
        width: '5.5em',
        isNumber: true,
        text: ({ at, until }) => sayDuration(until - at),
      },
      {
        label: 'More',
        width: 'minmax(0, 3fr)',
        isMinor: true,
        text: ({ connection }) => sayMore(connection),
      },
    ],
    chosen: (row) =>
      detail.update(
        row && {
          facts: {
            At: sayTime(row.at),
            State: sayState(row.connection),
            For: sayDuration(row.until - row.at),
            More: sayMore(row.connection) || null,
          },
          payload: null,
        },
      ),
  });
  return {
    name: 'connection',
    label: 'Connection',
    element: make('section', {}, since, grid.element, detail.element),
    update({ recording, now }: View) {
      setText(since, `As this tab has heard of it since ${sayTime(recording.since)}.`);
      const steps = recording.connection;
      grid.update(steps.map((step, index) => ({ ...step, until: steps[index + 1]?.at ?? now })).reverse());
    },
  };
}
