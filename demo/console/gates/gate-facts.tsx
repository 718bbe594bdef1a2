import { type ReactNode, useMemo } from 'react';
import type { WaitingGate } from '../../engine/events.ts';
import { runTopic } from '../../engine/protocol.ts';
import { useGraph } from '../graph/use-graph.ts';
import { useTopicStatus } from '../topics.ts';
import { formatDuration } from '../ui/format.ts';
import { behind, sayBehind } from './behind.ts';
import { ClockDoubt } from './clock-doubt.tsx';
import { Countdown } from './countdown.tsx';
import { sayVerdict } from './gates.ts';
import { RunName } from './run-name.tsx';

/** Of which run it is, where in it, what follows from it, and for how long it waits. `isOver`: nobody can decide it any more. */
export function GateFacts({ gate, isOver, way }: { gate: WaitingGate; isOver: boolean; way: ReactNode }) {
  const { runId, nodeId, decidedBy, expiresAt, onExpiry, stoodStill } = gate;
  const graph = useGraph(runTopic(runId));
  const step = useMemo(() => graph?.find((step) => step.nodeId === nodeId), [graph, nodeId]);
  const next = useMemo(() => graph && behind(nodeId, graph).map(({ title }) => title), [graph, nodeId]);
  const status = useTopicStatus(runTopic(runId));
  return (
    <dl className="gate-facts">
      <Fact name="Run">
        <RunName runId={runId} /> {way}
      </Fact>
      <Fact name="Step">{step?.title ?? nodeId}</Fact>
      <Fact name="Behind it">
        {next ? (
          <span title={next.join('\n')}>{sayBehind(next)}</span>
        ) : status.state === 'unavailable' ? (
          'not known without a connection'
        ) : (
          '…'
        )}
      </Fact>
      <Fact name="Decided by">{decidedBy}</Fact>
      <Fact name="Time">
        {isOver ? (
          'closed'
        ) : (
          <>
            <Countdown until={expiresAt} /> left, then {sayVerdict(onExpiry)}
            <ClockDoubt />
          </>
        )}
        {stoodStill && <> · stood still for {formatDuration(stoodStill.ms)}, while the server was down</>}
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
