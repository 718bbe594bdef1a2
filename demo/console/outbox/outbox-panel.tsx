import { useMemo, useSyncExternalStore } from 'react';
import { useToasts } from '../errors/toasts.ts';
import { type Entry, isPending } from '../gates/gates.ts';
import { useClient, useOutbox } from '../trunk.ts';
import { formatClock } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { EntryFacts } from './entry-facts.tsx';
import { sayCommand, sayState } from './words.ts';

/** What this browser holds for the server, by whichever tab. */
export function OutboxPanel() {
  const entries = useOutbox();
  return (
    <>
      <p className="hint">
        Commands are stored in this browser until the server has accepted them, once. All tabs share them; a
        reload loses none.
      </p>
      <StorageNotice />
      {entries.length === 0 ? (
        <p className="empty">Nothing is waiting.</p>
      ) : (
        <ul className="outbox">
          {entries.map((entry) => (
            <OutboxItem key={entry.id} entry={entry} />
          ))}
        </ul>
      )}
    </>
  );
}

function StorageNotice() {
  const { storage } = useClient().outbox;
  const subscribe = useMemo(() => (changed: () => void) => storage.subscribe(changed), [storage]);
  const state = useSyncExternalStore(subscribe, storage.get);
  if (state.state === 'ok') return null;
  return (
    <p className="notice" data-state="failed">
      <Icon name="alert" />
      Kept in memory only, because the browser's storage failed: {state.reason}
    </p>
  );
}

function OutboxItem({ entry }: { entry: Entry }) {
  const { outbox } = useClient();
  const toasts = useToasts();
  const tryTo = (act: () => Promise<unknown>) => () => {
    act().catch((error: Error) => toasts.add({ tone: 'error', text: error.message }));
  };
  const cancel = async () => {
    const done = await outbox.cancel(entry.id);
    if (done) return;
    const text = 'It may have run already: the server is asked to take it back, and says what became of it.';
    toasts.add({ tone: 'info', text });
  };
  const isTakenBack = entry.state === 'withdrawing';
  return (
    <li className="outbox-item" data-entry={entry.state}>
      <div className="outbox-item-text">
        <strong>
          {sayCommand(entry)}
          {entry.priority === 'high' && <span className="tag">high</span>}
        </strong>
        <EntryFacts command={entry.command} />
        <span className="outbox-facts">
          {sayState(entry)} · {formatClock(entry.createdAt)}
          {entry.attempt > 0 && <> · sent {entry.attempt === 1 ? 'once' : `${entry.attempt} times`}</>}
        </span>
        {'error' in entry && <span className="outbox-error">{entry.error.message}</span>}
      </div>
      <div className="outbox-actions">
        {entry.state === 'waiting' && (
          <button type="button" className="button small" onClick={tryTo(() => outbox.retry(entry.id))}>
            Try now
          </button>
        )}
        {isPending(entry) ? (
          <button type="button" className="button small" disabled={isTakenBack} onClick={tryTo(cancel)}>
            {isTakenBack ? 'Taking back …' : 'Cancel'}
          </button>
        ) : (
          <>
            <button type="button" className="button small" onClick={tryTo(() => outbox.retry(entry.id))}>
              Retry
            </button>
            <button type="button" className="button small" onClick={tryTo(() => outbox.dismiss(entry.id))}>
              Dismiss
            </button>
          </>
        )}
      </div>
    </li>
  );
}
