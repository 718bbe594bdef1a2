import { Icon } from '../ui/icon.tsx';
import type { Order } from './rows.ts';
import { ZOOM_STEP, type Zoom } from './use-zoom.ts';

/** In which order the rows are, what is drawn below them, and how close one looks. */
export function TimelineTools({
  order,
  onOrder,
  zoom,
  hasMetrics,
  onMetrics,
}: {
  order: Order;
  onOrder: (order: Order) => void;
  zoom: Zoom;
  hasMetrics: boolean;
  onMetrics: (hasMetrics: boolean) => void;
}) {
  return (
    <div className="timeline-tools">
      <select
        aria-label="Order of the rows"
        value={order}
        onChange={({ target }) => onOrder(target.value === 'graph' ? 'graph' : 'start')}
      >
        <option value="start">By start</option>
        <option value="graph">As in the pipeline</option>
      </select>
      <button
        type="button"
        className="button small"
        aria-pressed={hasMetrics}
        onClick={() => onMetrics(!hasMetrics)}
      >
        Metrics
      </button>
      <fieldset className="timeline-zoom">
        <legend className="sr-only">Zoom</legend>
        <button
          type="button"
          className="button small icon-only"
          aria-label="Zoom out"
          title="Zoom out: -, or Ctrl and the wheel"
          disabled={zoom.isFit}
          onClick={() => zoom.by(1 / ZOOM_STEP)}
        >
          <Icon name="dash" />
        </button>
        <button
          type="button"
          className="button small icon-only"
          aria-label="Zoom in"
          title="Zoom in: +, or Ctrl and the wheel"
          disabled={zoom.isClosest}
          onClick={() => zoom.by(ZOOM_STEP)}
        >
          <Icon name="plus" />
        </button>
        <button
          type="button"
          className="button small quiet"
          title="Show all of the run: 0"
          disabled={zoom.isFit}
          onClick={zoom.fit}
        >
          Fit
        </button>
      </fieldset>
    </div>
  );
}
