import { AddItem } from './add-item.tsx';
import { useLatest, useOutbox } from './hooks.ts';
import { ItemRow } from './item-row.tsx';
import { rowsOf } from './rows.ts';
import { Status } from './status.tsx';

export function App() {
  const rows = rowsOf(useLatest('list', 'item'), useOutbox());
  return (
    <>
      <h1>my-app</h1>
      <Status />
      <AddItem />
      <ul>
        {rows.map((row) => (
          <ItemRow key={row.id} row={row} />
        ))}
      </ul>
      <p className="hint">
        Open a second tab. Then stop the server, add something, reload, and start it again.
      </p>
    </>
  );
}
