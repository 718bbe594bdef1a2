import type { ReactNode } from 'react';
import type { AuditEntry } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { hrefOf } from '../route.ts';
import { formatMoment } from '../ui/format.ts';
import { sayDeed } from './words.ts';

/** One thing that was done, or refused, with all that was written about it. */
export function HistoryEntry({
  runId,
  entry,
  step,
}: {
  runId: string;
  entry: AuditEntry;
  /** Its node, where it is about one of the graph. */
  step: GraphStep | undefined;
}): ReactNode {
  const { at, by, nodeId, outcome, message, comment } = entry;
  const { before, after } = sayDeed(entry, step?.kind);
  return (
    <li className="history-entry" data-by={by === null ? 'server' : 'person'}>
      <time className="history-time tabular" dateTime={new Date(at).toISOString()}>
        {formatMoment(at)}
      </time>
      <div className="history-what">
        <p>
          {before} {nodeId !== null && <a href={hrefOf(runId, nodeId)}>{step?.title ?? nodeId}</a>} {after}
        </p>
        {comment !== '' && <blockquote>{comment}</blockquote>}
        {outcome === 'refused' ? (
          <p className="history-refused" data-state="failed">
            <strong>Refused.</strong> {message}
          </p>
        ) : (
          message !== '' && <p className="hint">{message}</p>
        )}
      </div>
    </li>
  );
}
