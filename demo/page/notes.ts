import { TrunklineError } from 'trunkline';
import { TOPICS } from '../protocol.ts';
import type { DemoClient } from './client.ts';
import { element, find, renderList, write } from './dom.ts';
import { clock, sayTopic } from './words.ts';

const NOTES_SHOWN = 4;

interface Note {
  readonly offset: number;
  readonly text: string;
}

/** Commands of normal priority, and the events that the server makes of them. */
export function showNotes(client: DemoClient): void {
  const topic = client.topic<'note'>(TOPICS.notes);
  const form = find('note-form', HTMLFormElement);
  const input = find('note', HTMLInputElement);
  const notice = find('note-notice', HTMLElement);

  form.addEventListener('submit', async (submitted) => {
    submitted.preventDefault();
    const text = input.value;
    try {
      await client.send('post_note', { text }, { topic: TOPICS.notes });
      write(notice, '');
      if (input.value === text) input.value = '';
    } catch (error) {
      if (!(error instanceof TrunklineError)) throw error;
      write(notice, error.message);
    }
  });
  topic
    .view<readonly Note[]>([], (notes, { text }, { offset, ts }) =>
      [{ offset, text: `${clock(ts)}  ${text}` }, ...notes].slice(0, NOTES_SHOWN),
    )
    .subscribe((notes) =>
      renderList(
        find('notes', HTMLElement),
        notes,
        ({ offset, text }) => `${offset} ${text}`,
        ({ text }) => element('li', '', text),
      ),
    );
  topic.status.subscribe((status) => write(find('notes-status', HTMLElement), sayTopic(status)));
}
