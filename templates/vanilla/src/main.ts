/** The page: it brings to life what is in `index.html`. */
import { client } from './client.ts';
import { find } from './find.ts';
import { createRow, type RowElement } from './row-element.ts';
import { rowsOf } from './rows.ts';
import { watchTabs } from './tabs.ts';
import { sayLine, sayTabs } from './words.ts';

const line = find('#line', HTMLElement);
const tabs = find('#tabs', HTMLElement);
const form = find('form', HTMLFormElement);
const input = find('form input', HTMLInputElement);
const error = find('#error', HTMLElement);
const list = find('ul', HTMLUListElement);

client.connection.subscribe((connection) => {
  line.className = connection.state;
  line.textContent = sayLine(connection);
});

watchTabs(client, (now) => {
  tabs.textContent = sayTabs(now);
});

const items = client.topic('list').latest('item');
let shown = new Map<string, RowElement>();
items.subscribe(render);
client.outbox.subscribe(render);

function render() {
  const before = shown;
  shown = new Map();
  for (const [index, row] of rowsOf(items.get(), client.outbox.get()).entries()) {
    const rowElement = before.get(row.id) ?? createRow(fail);
    rowElement.update(row);
    shown.set(row.id, rowElement);
    // What is at its place is left there: moved, it would lose the focus.
    if (list.children[index] !== rowElement.element)
      list.insertBefore(rowElement.element, list.children[index] ?? null);
  }
  for (const [id, { element }] of before) if (!shown.has(id)) element.remove();
}

function fail(reason: unknown) {
  error.textContent = reason instanceof Error ? reason.message : String(reason);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  error.textContent = '';
  try {
    // Resolves when it is stored, with or without a network.
    await client.send('add', { text: input.value }, { topic: 'list' });
    form.reset();
  } catch (reason) {
    fail(reason);
  }
});
