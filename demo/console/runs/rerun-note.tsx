import type { RunStateEvent } from '../../engine/events.ts';
import type { GraphStep } from '../graph/use-graph.ts';
import { useConnection, useLatest, useOutbox } from '../trunk.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { type Rerun, sayRerun } from './rerun.ts';

const ICONS: Record<Rerun['state'], IconName> = { waiting: 'outbox', pending: 'dot', running: 'retry' };

/** Says in the header that a rerun was asked for and accepted, before the first node begins. The same in every tab. */
export function RerunNote({
  run,
  topic,
  graph,
}: {
  run: RunStateEvent;
  topic: string;
  graph: readonly GraphStep[];
}) {
  const audit = useLatest(topic, 'audit_entry');
  const nodes = useLatest(topic, 'node_state');
  const entries = useOutbox();
  const isOnline = useConnection().state === 'open';
  const rerun = sayRerun({ run, graph, entries, audit: audit.values(), nodes: nodes.values(), isOnline });
  return (
    <div role="status">
      {rerun && (
        <p className="run-reason" data-state={rerun.state}>
          <Icon name={ICONS[rerun.state]} />
          <span>{rerun.text}</span>
        </p>
      )}
    </div>
  );
}
