import type { Circuit, Connection } from 'trunkline';
import type { DemoClient } from './client.ts';
import { find, write } from './dom.ts';
import { sayConnection } from './words.ts';

const COUNTDOWN_STEP_MS = 200;

/** The line to the server: its state, the wait for the next try, and the button that ends the wait. */
export function showConnection(client: DemoClient): void {
  const panel = find('line', HTMLElement);
  const label = find('trunk-label', HTMLElement);
  const announcement = find('announcement', HTMLElement);
  const tryNow = find('try-now', HTMLButtonElement);
  const facts = {
    state: find('state', HTMLElement),
    attempt: find('attempt', HTMLElement),
    nextTry: find('next-try', HTMLElement),
    circuit: find('circuit', HTMLElement),
    session: find('session', HTMLElement),
    roundTrip: find('round-trip', HTMLElement),
  };

  const count = () => {
    const connection = client.connection.get();
    const seconds = secondsToNextTry(connection);
    write(facts.nextTry, seconds === null ? '–' : `in ${seconds} s`);
    write(
      label,
      connection.state === 'closed' && seconds !== null ? `next try in ${seconds} s` : connection.state,
    );
  };

  let circuit: Circuit = 'closed';
  client.connection.subscribe((connection) => {
    circuit = circuitAfter(circuit, connection);
    panel.dataset['state'] = connection.state;
    panel.dataset['reason'] = connection.state === 'closed' ? connection.reason : '';
    write(facts.state, sayConnection(connection));
    write(facts.attempt, 'attempt' in connection ? String(connection.attempt) : '–');
    write(facts.circuit, circuit);
    write(facts.session, connection.state === 'open' ? connection.session.slice(0, 8) : '–');
    write(facts.roundTrip, roundTripOf(connection));
    // A retry that fails again is no news to who listens.
    if (connection.state === 'open') write(announcement, 'The connection is open.');
    else if (connection.state === 'closed') write(announcement, 'The connection is closed.');
    tryNow.disabled = connection.state !== 'closed';
    count();
  });
  setInterval(count, COUNTDOWN_STEP_MS);
  tryNow.addEventListener('click', () => client.reconnect());
}

function secondsToNextTry(connection: Connection): number | null {
  if (connection.state !== 'closed' || connection.retryAt === null) return null;
  return Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1_000));
}

/** An attempt while the circuit breaker is open is its probe. */
function circuitAfter(before: Circuit, connection: Connection): Circuit {
  if (connection.state === 'closed') return connection.circuit;
  if (connection.state === 'open') return 'closed';
  return before === 'open' ? 'half-open' : before;
}

function roundTripOf(connection: Connection): string {
  if (connection.state !== 'open' || connection.rttMs === null) return '–';
  return `${connection.rttMs.toFixed(1)} ms`;
}
