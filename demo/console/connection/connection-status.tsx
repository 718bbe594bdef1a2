import { useEffect, useRef, useState } from 'react';
import type { Connection } from 'trunkline';
import { useClient, useConnection } from '../trunk.ts';
import { Explained } from '../ui/explained.tsx';
import { formatClock } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { useLasting } from '../ui/use-lasting.ts';
import { useNow } from '../ui/use-now.ts';
import { explainConnection, sayConnection } from './words.ts';

const ICONS: Record<Connection['state'], IconName> = {
  connecting: 'running',
  open: 'signal',
  closing: 'dash',
  closed: 'offline',
};
const COUNTDOWN_STEP_MS = 250;
/** A line that lives answers sooner: nothing is said of it. */
const CHECKING_AFTER_MS = 500;

/** The line to the server: its state, when it is tried next, and the button that ends the wait. */
export function ConnectionStatus() {
  const client = useClient();
  const connection = useConnection();
  const isChecking = useLasting(connection.state === 'open' && connection.suspect, CHECKING_AFTER_MS);
  return (
    <section
      className="connection"
      data-connection={connection.state}
      data-checking={isChecking}
      aria-label="Connection"
    >
      <Icon name={ICONS[connection.state]} />
      <div className="connection-text">
        <strong>{sayConnection(connection, isChecking)}</strong>
        <Explained words={<Detail connection={connection} />}>{explainConnection(connection)}</Explained>
      </div>
      {connection.state === 'closed' && (
        <button
          type="button"
          className="button small"
          aria-label="Try now"
          onClick={() => client.reconnect()}
        >
          <Icon name="retry" />
          <span className="try-label">Try now</span>
        </button>
      )}
      <Announcement connection={connection} />
    </section>
  );
}

/** Where the line stands, in plain words. */
function Detail({ connection }: { connection: Connection }) {
  switch (connection.state) {
    case 'connecting':
      return <>{connection.attempt === 0 ? 'the first try' : 'trying again'}</>;
    case 'open':
      return <>since {formatClock(connection.since)}</>;
    case 'closing':
      return <>what has arrived is still read</>;
    case 'closed':
      if (connection.retryAt === null) return <>not tried again by itself</>;
      return <NextTry at={connection.retryAt} />;
  }
}

function NextTry({ at }: { at: number }) {
  const now = useNow(COUNTDOWN_STEP_MS);
  return <span className="tabular">next try in {Math.max(0, Math.ceil((at - now) / 1_000))} s</span>;
}

/** Spoken when the line is lost and when it is back; a retry that fails again is no news. */
function Announcement({ connection }: { connection: Connection }) {
  const [text, setText] = useState('');
  const wasOpen = useRef<boolean | null>(null);
  const { state } = connection;
  useEffect(() => {
    if (state === 'open') {
      if (wasOpen.current === false) setText('Connected again');
      wasOpen.current = true;
    } else if (state === 'closed' && wasOpen.current === true) {
      setText('Connection lost. Decisions are kept and sent when it is back.');
      wasOpen.current = false;
    }
  }, [state]);
  return (
    <span className="sr-only" role="status">
      {text}
    </span>
  );
}
