import { deliverInBackground } from 'trunkline/service-worker';
import { protocol } from './protocol.ts';

/** As much of a service worker's globals as is needed here. */
declare const self: {
  addEventListener(
    type: 'push' | 'periodicsync',
    listener: (event: Event & { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
};

const { searchParams } = new URL(location.href);
/** What its tokens begin with; the first so many are refused. */
let refused = Number(searchParams.get('refused'));

const deliver = deliverInBackground(protocol, {
  url: searchParams.get('server') ?? '',
  token: (identity) => {
    if (refused-- > 0) return 'expired';
    return identity === 'anonymous' ? null : `token-of-${identity}`;
  },
  // For the tests to read, whether or not this service worker lives on.
  async onSettled({ identity, id, outcome }) {
    const told = await caches.open('settled');
    await told.put(`/settled/${id}`, new Response(`${identity} ${outcome.status}`));
  },
});

for (const type of ['push', 'periodicsync'] as const)
  self.addEventListener(type, (event) => event.waitUntil(deliver()));
