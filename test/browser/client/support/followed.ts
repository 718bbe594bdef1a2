/** What components follow in a test: a client with a real hub, and a server of the test's own. */
import { expect } from 'vitest';
import { TestRoom } from '../../worker/support/room.ts';
import { clientHere, sharedHub, type TestClient } from './tab.ts';

export interface Followed {
  readonly room: TestRoom;
  readonly client: TestClient;
  publish(id: string, state: string, topic?: string): void;
  /** The topics that the hub has asked for so far, in order. */
  asked(): unknown[];
  /** The topics that the hub has let go of so far. */
  left(): unknown[];
  isOpen(): Promise<void>;
}

export async function follow(): Promise<Followed> {
  const room = await TestRoom.enter();
  const wish = { url: room.url('/trunk'), identity: crypto.randomUUID() };
  const hub = crypto.randomUUID();
  const client = clientHere({ ...wish, worker: () => sharedHub(hub) });
  const topicsOf = (...types: string[]) =>
    room.seen.filter(({ type }) => types.includes(type)).map(({ topic }) => topic);
  return {
    room,
    client,
    publish: (id, state, topic = 'run') => room.publish(topic, id, { type: 'node', id, state }),
    asked: () => topicsOf('subscribe', 'resync_request'),
    left: () => topicsOf('unsubscribe'),
    isOpen: () => expect.poll(() => client.connection.get().state).toBe('open'),
  };
}
