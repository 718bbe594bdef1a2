import { useMemo, useSyncExternalStore } from 'react';
import type { TopicStatus } from 'trunkline';
import { useClient } from './trunk.ts';

const IDLE: TopicStatus = { state: 'idle' };

export function useTopicStatus(name: string): TopicStatus {
  const client = useClient();
  const { status, subscribe } = useMemo(() => {
    const { status } = client.topic(name);
    return { status, subscribe: (changed: () => void) => status.subscribe(changed) };
  }, [client, name]);
  return useSyncExternalStore(subscribe, status.get, () => IDLE);
}

/** Whether there is a state to show, the last known one included: before that, an empty list says nothing. */
export function useIsLoaded(name: string): boolean {
  const { state } = useTopicStatus(name);
  return state === 'live' || state === 'stale';
}
