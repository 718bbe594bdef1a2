import { useClient, useSend } from './hooks.ts';
import type { Row } from './rows.ts';
import { standingOf } from './words.ts';

export function ItemRow({ row }: { row: Row }) {
  const { id, text, done, entry } = row;
  const { kind, text: standing } = standingOf(row);
  const { outbox } = useClient();
  const { send, error } = useSend('set_done');
  const check = (isDone: boolean) => send({ id, done: isDone }, { topic: 'list' }).catch(() => {});
  return (
    <li>
      <label>
        <input type="checkbox" checked={done} onChange={(event) => check(event.target.checked)} />
        <span>{text}</span>
      </label>
      <small className={kind}>{standing}</small>
      {error && <small className="failed">{error.message}</small>}
      {entry && kind === 'failed' && (
        <button type="button" onClick={() => outbox.dismiss(entry.id).catch(() => {})}>
          Dismiss
        </button>
      )}
    </li>
  );
}
