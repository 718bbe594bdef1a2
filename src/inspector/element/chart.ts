/** One figure over the last two minutes. */
import { make, makeSvg, setAttribute, setText } from './dom.ts';

export interface Chart {
  readonly element: HTMLElement;
  /** @param values the oldest first, at most `SLOTS` */
  update(values: readonly number[], said: string): void;
}

const SLOTS = 120;
const HEIGHT = 32;

export function createChart(label: string): Chart {
  const line = makeSvg('polyline');
  const picture = makeSvg(
    'svg',
    { viewBox: `0 0 ${SLOTS} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    line,
  );
  const figure = make('span', { class: 'figure' });
  const element = make('div', { class: 'chart' }, make('span', {}, label), figure, picture);
  return {
    element,
    update(values, said) {
      setText(figure, said);
      const top = Math.max(1, ...values);
      const from = SLOTS - values.length;
      const points = values.map((value, at) => {
        const y = HEIGHT - 1 - (value / top) * (HEIGHT - 2);
        return `${from + at + 1},${y.toFixed(1)}`;
      });
      setAttribute(line, 'points', points.join(' '));
    },
  };
}
