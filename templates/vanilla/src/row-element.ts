/** One row of the list, as an element. */
import { client } from './client.ts';
import type { Row } from './rows.ts';
import { standingOf } from './words.ts';

export interface RowElement {
  readonly element: HTMLLIElement;
  update(row: Row): void;
}

/** @param fail takes why something could not be sent. */
export function createRow(fail: (error: unknown) => void): RowElement {
  const element = document.createElement('li');
  const label = document.createElement('label');
  const box = document.createElement('input');
  const text = document.createElement('span');
  const standing = document.createElement('small');
  const dismiss = document.createElement('button');
  box.type = 'checkbox';
  dismiss.type = 'button';
  dismiss.textContent = 'Dismiss';
  label.append(box, text);
  element.append(label, standing, dismiss);
  return {
    element,
    update(row) {
      const { kind, text: said } = standingOf(row);
      const { id, entry } = row;
      box.checked = row.done;
      text.textContent = row.text;
      standing.className = kind;
      standing.textContent = said;
      box.onchange = () => client.send('set_done', { id, done: box.checked }, { topic: 'list' }).catch(fail);
      dismiss.hidden = kind !== 'failed';
      dismiss.onclick = () => entry && client.outbox.dismiss(entry.id).catch(fail);
    },
  };
}
