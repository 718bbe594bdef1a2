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
      let isKnown = false;
      client.topic(name).subscribe(
        {
          snapshot(_events, { length }) {
            if (isKnown && length > 0) setMissed((count) => count + length);
            isKnown = true;
          },
          events(batch) {
            const count = batch.filter(({ meta }) => meta.replayed && !meta.critical).length;
            if (count > 0) setMissed((before) => before + count);
          },
        },
        { signal: ended.signal },
      );
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
