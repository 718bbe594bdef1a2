/** One page of the live promise, as any page of an application is. */
import { type Connection, createClient } from 'trunkline';
import { protocol, STEP, TOPIC } from './protocol.ts';

const client = createClient(protocol, {
  // The hub's socket goes to the page around this one, whatever the address.
  url: '/live',
  identity: 'anonymous',
  worker: () =>
    'SharedWorker' in window
      ? new SharedWorker(new URL('./hub.ts', import.meta.url), {
          type: 'module',
          name: 'trunkline',
          extendedLifetime: true,
        })
      : new Worker(new URL('./hub.ts', import.meta.url), { type: 'module' }),
});

const line = find('line', HTMLOutputElement);
const step = find('step', HTMLHeadingElement);
const outbox = find('outbox', HTMLOutputElement);
const problem = find('problem', HTMLParagraphElement);
const buttons = {
  approved: find('approve', HTMLButtonElement),
  rejected: find('reject', HTMLButtonElement),
};
const latest = client.topic(TOPIC).latest('step').at(`step:${STEP}`);
const pending = client.outbox.pending('decide', STEP);

client.connection.subscribe((now) => {
  line.value = wordsOf(now);
  line.dataset['state'] = now.state;
});
client.outbox.onSettled(({ outcome }) => {
  if (outcome.status === 'rejected') problem.textContent = `Refused: ${outcome.message}`;
});
latest.subscribe(show);
pending.subscribe(show);
for (const [verdict, button] of Object.entries(buttons)) {
  button.onclick = () => decide(verdict === 'approved' ? 'approved' : 'rejected');
}

function show(): void {
  const now = latest.get();
  const waiting = pending.get();
  step.textContent = now ? `${now.name}: ${now.state}` : 'deploy: not known yet';
  step.dataset['state'] = now?.state ?? '';
  outbox.value = waiting
    ? `Outbox: “${waiting.command.verdict}” is stored on this device, and waits for the server.`
    : 'Outbox: empty.';
  for (const button of Object.values(buttons))
    button.disabled = now?.state !== 'waiting' || waiting !== undefined;
}

async function decide(verdict: 'approved' | 'rejected'): Promise<void> {
  problem.textContent = '';
  try {
    await client.send('decide', { name: STEP, verdict }, { topic: TOPIC });
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
  }
}

function wordsOf(connection: Connection): string {
  if (connection.state === 'connecting') return 'connecting …';
  return connection.state === 'closed' ? `closed (${connection.reason})` : connection.state;
}

function find<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`);
  return element;
}
