import { useEffect, useState } from 'react';

/** The browser's time, read again each period; for leaves alone, since it renders them as often. */
export function useNow(periodMs = 1_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
  return now;
}
