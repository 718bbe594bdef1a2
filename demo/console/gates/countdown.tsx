import { useEffect, useState } from 'react';
import { formatCountdown, sayDuration } from '../ui/format.ts';
import { useNow } from '../ui/use-now.ts';

/** Read out when so much is left; each second would be noise. */
const ANNOUNCED_MS = [120_000, 60_000, 30_000, 10_000];
const URGENT_MS = 30_000;

export function Countdown({ until }: { until: number }) {
  const left = Math.max(0, until - useNow(250));
  return (
    <span className="countdown tabular" data-urgent={left < URGENT_MS}>
      {formatCountdown(left)}
    </span>
  );
}

export function CountdownAnnouncement({ until }: { until: number }) {
  const [text, setText] = useState('');
  useEffect(() => {
    const timers = ANNOUNCED_MS.flatMap((left) => {
      const wait = until - Date.now() - left;
      return wait > 0 ? [setTimeout(() => setText(`${sayDuration(left)} left to decide`), wait)] : [];
    });
    return () => timers.forEach(clearTimeout);
  }, [until]);
  return (
    <span className="sr-only" role="status">
      {text}
    </span>
  );
}
