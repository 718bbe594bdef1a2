import { useEffect, useState } from 'react';
import { useClient, useNow } from '../trunk.ts';
import { formatCountdown, sayDuration } from '../ui/format.ts';

/** Read out when so much is left; each second would be noise. */
const ANNOUNCED_MS = [120_000, 60_000, 30_000, 10_000];
const URGENT_MS = 30_000;

/** `until` is the server's time, and so is what it is compared with. */
export function Countdown({ until }: { until: number }) {
  const left = Math.max(0, until - useNow(250));
  return (
    <span className="countdown tabular" data-urgent={left < URGENT_MS}>
      {formatCountdown(left)}
    </span>
  );
}

export function CountdownAnnouncement({ until }: { until: number }) {
  const client = useClient();
  const [text, setText] = useState('');
  useEffect(() => {
    const timers = ANNOUNCED_MS.flatMap((left) => {
      const wait = until - client.now() - left;
      const tell = () => {
        const isSure = client.connection.get().state === 'open';
        setText(`${sayDuration(left)} left to decide${isSure ? '' : ', if the server is there'}`);
      };
      return wait > 0 ? [setTimeout(tell, wait)] : [];
    });
    return () => timers.forEach(clearTimeout);
  }, [client, until]);
  return (
    <span className="sr-only" role="status">
      {text}
    </span>
  );
}
