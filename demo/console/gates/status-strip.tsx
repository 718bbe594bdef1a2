import { RUNS_TOPIC, runTopic } from '../../engine/protocol.ts';
import { AsOf } from '../connection/as-of.tsx';
import { useMissed } from '../connection/missed.ts';
import { useIsLoaded } from '../topics.ts';
import { useConnection } from '../trunk.ts';
import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Countdown } from './countdown.tsx';
import { useUndecidedGates, useUnsentDecisions, useWaitingGates } from './gates.ts';

/**
 * One line below the header, of one height whatever it says: the gates, the decisions under way, and how old what is shown is,
 * or what was missed.
 */
export function StatusStrip({
  runId,
  onReview,
}: {
  runId: string | null;
  onReview: (gateId: string) => void;
}) {
  return (
    <section className="strip" aria-label="Decisions">
      <GateBanner runId={runId} onReview={onReview} />
      <Missed runId={runId} />
      <AsOf runId={runId} />
    </section>
  );
}

/** It offers the gate that expires first: of the run on the screen, else of all. */
function GateBanner({ runId, onReview }: { runId: string | null; onReview: (gateId: string) => void }) {
  const gates = useWaitingGates();
  const unsent = useUnsentDecisions();
  const connection = useConnection();
  const isLoaded = useIsLoaded(RUNS_TOPIC);
  const open = useUndecidedGates();
  const first = open.find((gate) => gate.runId === runId) ?? open[0];
  const underWay =
    unsent.length === 0 ? null : connection.state === 'open' ? (
      <p className="strip-item" data-state="running" role="status">
        <Icon name="running" />
        <span className="strip-text">{plural(unsent.length, 'decision')} sent – waiting for the server</span>
      </p>
    ) : (
      <p className="strip-item" data-state="waiting" role="status">
        <Icon name="outbox" />
        <span className="strip-text">
          {unsent.length === 1 ? 'Decision' : `${unsent.length} decisions`} queued – connection lost
        </span>
      </p>
    );
  if (!first) {
    return (
      underWay ?? (
        <p className="strip-item calm">
          {isLoaded && gates.length === 0 && 'No decision is waiting for you.'}
        </p>
      )
    );
  }
  return (
    <>
      <section className="strip-item gate-banner" data-state="waiting" aria-label="Decision needed">
        <Icon name="gate" />
        <strong className="gate-banner-title">{first.title}</strong>
        <span className="gate-banner-queue">
          {open.indexOf(first) + 1} of {open.length}
          {runId !== null && runId !== first.runId && ' in another run'}
        </span>
        <Countdown until={first.expiresAt} />
        <button type="button" className="button small primary" onClick={() => onReview(first.gateId)}>
          Review
        </button>
      </section>
      {underWay}
    </>
  );
}

function Missed({ runId }: { runId: string | null }) {
  const count = useMissed(runId === null ? [RUNS_TOPIC] : [RUNS_TOPIC, runTopic(runId)]);
  return (
    <p className="strip-item missed" role="status">
      {count > 0 && (
        <>
          <Icon name="check" />
          {plural(count, 'event')} while you were away, state is current
        </>
      )}
    </p>
  );
}
