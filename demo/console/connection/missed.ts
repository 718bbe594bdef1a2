import { useEffect, useState } from 'react';
import { useIsLoaded } from '../topics.ts';
import { useClient, useConnection } from '../trunk.ts';

const SHOWN_MS = 15_000;

/**
 * How many events of these topics came while the line was down, once the state is current again; 0 where there is
 * nothing to say. A page that was just opened missed nothing that it had shown.
 */
export function useMissed(topics: readonly string[]): number {
  const client = useClient();
  const { state } = useConnection();
  const [missed, setMissed] = useState(0);
  const names = JSON.stringify(topics);

  useEffect(() => {
    const ended = new AbortController();
    for (const name of JSON.parse(names) as string[]) {
      const topic = client.topic(name);
      // From the loss of the line to the first event that came by itself.
      let isAway = false;
      const count = (events: number) => {
        if (isAway && events > 0) setMissed((before) => before + events);
      };
      topic.subscribe(
        {
          snapshot: (_events, { length }) => count(length),
          events(batch) {
            count(batch.filter(({ meta }) => meta.replayed).length);
            if (batch.some(({ meta }) => !meta.replayed)) isAway = false;
          },
        },
        { signal: ended.signal },
      );
      const endStatus = topic.status.subscribe(({ state }) => {
        if (state === 'stale') isAway = true;
      });
      ended.signal.addEventListener('abort', endStatus);
    }
    return () => ended.abort();
  }, [client, names]);

  useEffect(() => {
    if (missed === 0 || state !== 'open') return;
    const timer = setTimeout(() => setMissed(0), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [missed, state]);

  const isLoaded = useIsLoaded(topics[0] ?? '');
  return state === 'open' && isLoaded ? missed : 0;
}
