import { type Client, createClient, type Outcome } from 'trunkline';
import { type GatesProtocol, protocol } from './protocol.ts';

export interface PageConfig {
  readonly url: string;
  readonly identity: string;
  readonly token: string | null;
  /** Whether the hub is to find out why a handshake fails. */
  readonly diagnose?: true;
  /** The service worker that is to deliver with no page open. */
  readonly serviceWorker?: string;
  /** Whether the browser is asked for `sync` events, where there is a service worker. @default true */
  readonly background?: boolean;
}
/** What the tests hold of a page, beside what it shows. */
export interface PageHandle {
  readonly client: Client<GatesProtocol>;
  /** Every event of the topic `run`, in order of arrival. */
  readonly events: { readonly offset: number; readonly what: string; readonly replayed: boolean }[];
  readonly settled: { readonly id: string; readonly outcome: Outcome }[];
  readonly errors: string[];
}
declare global {
  interface Window {
    /** Set before the page's own scripts run. */
    gatesConfig: PageConfig;
    gates: PageHandle;
  }
}

export function startPage(worker: () => SharedWorker): void {
  const { url, identity, token, diagnose, serviceWorker, background = true } = window.gatesConfig;
  const handle: PageHandle = {
    client: createClient(protocol, {
      url,
      identity,
      token: () => token,
      ...(diagnose && { diagnose }),
      ...(serviceWorker && background && { background }),
      worker,
      log: 'debug',
      onError: (error) => handle.errors.push(`${error.code}: ${error.message}`),
    }),
    events: [],
    settled: [],
    errors: [],
  };
  window.gates = handle;
  if (serviceWorker) navigator.serviceWorker.register(serviceWorker);
  const { client } = handle;

  client.connection.subscribe((connection) => {
    show('connection', connection.state === 'closed' ? `closed (${connection.reason})` : connection.state);
  });
  client.outbox.storage.subscribe(({ state }) => show('storage', state));
  client.outbox.subscribe((entries) =>
    list(
      'outbox',
      entries.map(({ command, state }) => `${command.type} ${state}`),
    ),
  );
  client.outbox.onSettled(({ id, command, outcome }) => {
    handle.settled.push({ id, outcome });
    list(
      'settled',
      handle.settled.map((settled) => `${settled.id} ${settled.outcome.status}`),
    );
    document.title = `${command.type} ${outcome.status}`;
  });

  const run = client.topic('run');
  const lines: string[] = [];
  run.on(
    ['gate', 'line'],
    (event, { offset, replayed }) => {
      const what = event.type === 'gate' ? `gate ${event.gateId} ${event.state}` : `line ${event.text}`;
      handle.events.push({ offset, what, replayed });
      if (event.type === 'line') lines.push(event.text);
      list('lines', lines.slice(-20));
    },
    { replay: 'state' },
  );
  run.latest('gate').subscribe((gates) => {
    const items = [...gates.values()].map(({ gateId, state }) => {
      const item = element('li', `gate ${gateId} ${state} `);
      const button = element('button', `approve ${gateId}`);
      button.addEventListener('click', () => {
        client
          .send('human_decision', { gateId, verdict: 'approved' }, { topic: 'run', requireDurable: true })
          .catch((error: unknown) => handle.errors.push(String(error)));
      });
      item.append(button);
      return item;
    });
    byId('gates').replaceChildren(...items);
  });
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}`);
  return found;
}

function element(tag: string, text: string): HTMLElement {
  const created = document.createElement(tag);
  created.textContent = text;
  return created;
}

function show(id: string, text: string): void {
  byId(id).textContent = text;
}

function list(id: string, texts: readonly string[]): void {
  byId(id).replaceChildren(...texts.map((text) => element('li', text)));
}
