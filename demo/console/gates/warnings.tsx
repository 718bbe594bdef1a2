import type { ReactNode } from 'react';
import type { WaitingGate } from '../../engine/events.ts';
import { useClient, useConnection, useNow } from '../trunk.ts';
import { Icon } from '../ui/icon.tsx';
import { Countdown } from './countdown.tsx';
import { sayVerdict } from './gates.ts';

/** So little is left that a slow line may use it up. */
const HURRY_MS = 10_000;

/** Why what is decided now may arrive after the gate's end, if it may. */
export function MayBeTooLate({ gate: { expiresAt, onExpiry } }: { gate: WaitingGate }) {
  const connection = useConnection();
  const client = useClient();
  const leftMs = expiresAt - useNow();
  const then = sayVerdict(onExpiry);
  if (connection.state === 'open') {
    if (leftMs > HURRY_MS && !connection.suspect) return null;
    return (
      <Warning>
        {connection.suspect
          ? `The server does not answer at the moment. A decision that arrives after the gate's end counts no more: it is ${then} then.`
          : leftMs > 0
            ? `Only a few seconds are left: a decision may arrive too late. The gate is ${then} then.`
            : `The time is up: the gate is ${then}, unless somebody has decided.`}
      </Warning>
    );
  }
  const isSure = client.clock().source === 'server';
  return (
    <Warning>
      {leftMs > 0 ? (
        <>
          The connection is lost. If it is not back within <Countdown until={expiresAt} />, a decision arrives
          too late: the gate is {then} then. Only where the server itself is down, the gate's clock stands
          still.
        </>
      ) : (
        <>
          The connection is lost, and by this page's clock the time for a decision is up. Where only the line
          is down, the gate was {then}; where the server itself is down, it still waits.
        </>
      )}
      {!isSure && ' The time goes by this device’s clock, which may differ from the server’s.'}
    </Warning>
  );
}

function Warning({ children }: { children: ReactNode }) {
  return (
    <p className="notice" data-state="waiting" role="note">
      <Icon name="clock" />
      <span>{children}</span>
    </p>
  );
}
