import { type OutboxEntry, type Settled, TrunklineError } from 'trunkline';
import type { DemoProtocol } from '../protocol.ts';
import type { DemoClient } from './client.ts';
import { button, element, find, renderList, write } from './dom.ts';
import { clock, sayCommand, sayEntry, sayOutcome } from './words.ts';

const SETTLED_SHOWN = 6;

type Entry = OutboxEntry<DemoProtocol>;

/** What is not delivered yet, or needs a person; and how commands ended. */
export function showOutbox(client: DemoClient): void {
  const list = find('outbox', HTMLElement);
  const notice = find('outbox-notice', HTMLElement);
  const tell = (text: string) => write(notice, text);

  /** A person's word on an entry, whose failure is told beside the list. */
  const act = (work: () => Promise<string>) => async () => {
    try {
      tell(await work());
    } catch (error) {
      if (!(error instanceof TrunklineError)) throw error;
      tell(error.message);
    }
  };
  const buttonsFor = ({ id, state }: Entry): HTMLButtonElement[] => {
    const { outbox } = client;
    if (state === 'queued' || state === 'waiting' || state === 'sent') {
      const cancel = async () =>
        (await outbox.cancel(id))
          ? 'Cancelled.'
          : 'It may have been sent already: it cannot be cancelled any more.';
      return [button('Cancel', act(cancel))];
    }
    const retry = async () => {
      await outbox.retry(id);
      return 'Sent again.';
    };
    const dismiss = async () => {
      await outbox.dismiss(id);
      return 'Dismissed.';
    };
    return [button('Retry', act(retry)), button('Dismiss', act(dismiss))];
  };

  client.outbox.subscribe((entries) => {
    // An entry whose state changed gets other buttons: it is another element.
    renderList(
      list,
      entries,
      ({ id, state, attempt }) => `${id} ${state} ${attempt}`,
      (entry) =>
        element(
          'li',
          '',
          element('span', `tag ${entry.state}`, entry.state),
          element('span', 'what', sayEntry(entry), element('small', '', detailsOf(entry))),
          element('span', 'actions', ...buttonsFor(entry)),
        ),
    );
  });
  client.outbox.storage.subscribe((storage) =>
    write(
      find('storage', HTMLElement),
      storage.state === 'ok' ? 'stored in this browser' : `not stored: ${storage.reason}`,
    ),
  );
  showSettled(client);
}

function showSettled(client: DemoClient): void {
  let seen: (Settled<DemoProtocol> & { at: number })[] = [];
  client.outbox.onSettled((settled) => {
    seen = [{ ...settled, at: Date.now() }, ...seen].slice(0, SETTLED_SHOWN);
    renderList(
      find('settled', HTMLElement),
      seen,
      ({ id, at }) => `${id} ${at}`,
      ({ command, outcome, at }) =>
        element('li', '', `${clock(at)}  ${sayOutcome(outcome)}: ${sayCommand(command)}`),
    );
  });
}

function detailsOf(entry: Entry): string {
  const sent = entry.attempt === 0 ? 'not sent yet' : `sent ${entry.attempt} ×`;
  const error = 'error' in entry ? ` · ${entry.error.message}` : '';
  return `${entry.priority} · ${clock(entry.createdAt)} · ${sent}${error}`;
}
