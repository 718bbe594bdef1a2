import { useConnection, useNow } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { Countdown } from './countdown.tsx';
import { type Gate, sayVerdict } from './gates.ts';
import { RunName } from './run-name.tsx';

/** What a person has to know before they press a button. */
export function Warnings({ gate, runInView }: { gate: Gate; runInView: string | null }) {
  const isElsewhere = runInView !== null && runInView !== gate.runId;
  return (
    <>
      {isElsewhere && (
        <p className="notice" data-state="waiting" role="note">
          <Icon name="alert" />
          <span>
            Not of the run on your screen, but of another one: <RunName runId={gate.runId} />.
          </span>
        </p>
      )}
      <MayBeTooLate gate={gate} />
    </>
  );
}

/** The line is gone, and what is decided now may arrive after the gate's end. */
export function MayBeTooLate({ gate: { expiresAt, onExpiry } }: { gate: Gate }) {
  const { state } = useConnection();
  const isOver = useNow() >= expiresAt;
  if (state === 'open') return null;
  return (
    <p className="notice" data-state="waiting" role="note">
      <Icon name="clock" />
      <span>
        {isOver ? (
          <>
            The connection is lost, and the time for a decision is up. Unless somebody else has decided, the
            gate was {sayVerdict(onExpiry)}.
          </>
        ) : (
          <>
            The connection is lost. If it is not back within <Countdown until={expiresAt} />, a decision
            arrives too late: the gate is {sayVerdict(onExpiry)} then.
          </>
        )}
      </span>
    </p>
  );
}
