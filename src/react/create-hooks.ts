/** When components of React render anew for what the client tells. */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useInsertionEffect,
  useMemo,
  useRef,
} from 'react';
import { createSender, type Sender, type Sent } from '../bindings/sender.ts';
import { SharedLatest } from '../bindings/shared-latest.ts';
import { ticking } from '../bindings/ticking.ts';
import type {
  AnyProtocol,
  Client,
  CommandType,
  Connection,
  EventOf,
  EventType,
  ListenOptions,
  Meta,
  OutboxEntry,
  TopicStatus,
} from '../index.ts';
import { type IsEqual, type Select, useReadable, useSelected } from './readable.ts';

/** What this component has sent. */
export interface SendState<P, T extends CommandType<P>> extends Sent {
  /** As `client.send`; also rejects as that does. */
  send: Sender<P, T>['send'];
}

export interface Hooks<P extends AnyProtocol> {
  /** Gives a client to all hooks below it. The client stays the application's: nothing here closes it. */
  Provider(props: { client: Client<P>; children?: ReactNode }): ReactElement;
  /** @throws Error outside of a `Provider`. */
  useClient(): Client<P>;
  useConnection(): Connection;
  useOutbox(): readonly OutboxEntry<P>[];
  /** As `outbox.pending`: what disables a button in every tab, also after a reload. Renders on that entry alone. */
  usePending(type: CommandType<P>, dedupeKey: string): OutboxEntry<P> | undefined;
  /** How a topic stands that something in this tab follows; this alone follows nothing. Its offset changes with each event. */
  useStatus(topic: string): TopicStatus;
  /** A topic folded into one value, as `topic.view`. An inline `reduce` is fine; `initial` is taken once for each topic. */
  useView<S>(topic: string, initial: S, reduce: (state: S, event: EventOf<P>, meta: Meta) => NoInfer<S>): S;
  /** A part of that, or what follows from it; renders when that has changed. @param isEqual @default Object.is */
  useView<S, V>(
    topic: string,
    initial: S,
    reduce: (state: S, event: EventOf<P>, meta: Meta) => NoInfer<S>,
    select: Select<NoInfer<S>, V>,
    isEqual?: IsEqual<V>,
  ): V;
  /** The newest event of one key; renders on that key alone. */
  useLatest<const T extends EventType<P>>(
    topic: string,
    type: T | readonly T[],
    key: string,
  ): EventOf<P, T> | undefined;
  /** The newest event of every key. */
  useLatest<const T extends EventType<P>>(
    topic: string,
    type: T | readonly T[],
  ): ReadonlyMap<string, EventOf<P, T>>;
  /** Calls the newest `listener` for each event, as `topic.on`; renders nothing. */
  useEvent<const T extends EventType<P>>(
    topic: string,
    type: T | readonly T[],
    listener: (event: EventOf<P, T>, meta: Meta) => unknown,
    options?: Pick<ListenOptions, 'replay'>,
  ): void;
  useSend<T extends CommandType<P>>(type: T): SendState<P, T>;
  /** `client.now()`, read again each period: for countdowns. It renders as often, so keep it in a leaf. @default 1_000 */
  useNow(periodMs?: number): number;
}

const IDLE: Connection = { state: 'closed', reason: 'idle', attempt: 0, retryAt: null, circuit: 'closed' };
const UNFOLLOWED: TopicStatus = { state: 'idle' };
const NOTHING_SENT: Sent = { pending: false, error: null };
const EMPTY: readonly never[] = [];
const EMPTY_MAP: ReadonlyMap<string, never> = new Map<string, never>();

/** React's hooks for an application's protocol, made once, beside the protocol itself. */
export function createHooks<P extends AnyProtocol>(_protocol: P): Hooks<P> {
  const ClientContext = createContext<Client<P> | null>(null);
  const sharedLatest = new SharedLatest<P>();

  function useClient(): Client<P> {
    const client = useContext(ClientContext);
    if (!client) throw new Error('trunkline: there is no <Provider client={…}> above this component');
    return client;
  }

  function useView<S>(
    topic: string,
    initial: S,
    reduce: (state: S, event: EventOf<P>, meta: Meta) => NoInfer<S>,
    select?: Select<S, unknown>,
    isEqual?: IsEqual<unknown>,
  ): unknown {
    const client = useClient();
    const newest = useNewest(reduce);
    // biome-ignore lint/correctness/useExhaustiveDependencies: an inline `initial` is new in each render; the first one counts
    const { view, first } = useMemo(
      () => ({
        first: initial,
        view: client
          .topic(topic)
          .view<S>(initial, (state, event, meta) => newest.current(state, event, meta)),
      }),
      [client, topic],
    );
    return useSelected(view, first, select, isEqual);
  }

  function useLatest<const T extends EventType<P>>(topic: string, type: T | readonly T[], key?: string) {
    const client = useClient();
    const types = JSON.stringify([type].flat());
    const readable = useMemo(
      () => sharedLatest.get<T>(client, topic, JSON.parse(types), key),
      [client, topic, types, key],
    );
    return useSelected(readable, key === undefined ? EMPTY_MAP : undefined);
  }

  function useEvent<const T extends EventType<P>>(
    topic: string,
    type: T | readonly T[],
    listener: (event: EventOf<P, T>, meta: Meta) => unknown,
    { replay = 'missed' }: Pick<ListenOptions, 'replay'> = {},
  ): void {
    const client = useClient();
    const newest = useNewest(listener);
    const types = JSON.stringify([type].flat());
    useEffect(() => {
      const wanted: readonly T[] = JSON.parse(types);
      return client.topic(topic).on(wanted, (event, meta) => newest.current(event, meta), { replay });
    }, [client, topic, types, replay, newest]);
  }

  function usePending(type: CommandType<P>, dedupeKey: string) {
    const { outbox } = useClient();
    const pending = useMemo(() => outbox.pending(type, dedupeKey), [outbox, type, dedupeKey]);
    return useSelected<OutboxEntry<P> | undefined>(pending, undefined);
  }

  function useSend<T extends CommandType<P>>(type: T): SendState<P, T> {
    const client = useClient();
    const { send, sent } = useMemo(() => createSender(client, type), [client, type]);
    const state = useSelected(sent, NOTHING_SENT);
    return useMemo(() => ({ send, ...state }), [send, state]);
  }

  function useNow(periodMs?: number): number {
    const client = useClient();
    return useReadable(useMemo(() => ticking(client, periodMs), [client, periodMs]));
  }

  return {
    Provider: ({ client, children }) => createElement(ClientContext.Provider, { value: client }, children),
    useClient,
    useConnection: () => useSelected(useClient().connection, IDLE),
    useOutbox: () => useSelected<readonly OutboxEntry<P>[]>(useClient().outbox, EMPTY),
    usePending,
    useStatus: (topic) => useSelected(useClient().topic(topic).status, UNFOLLOWED),
    // One implementation of two signatures: what is selected, or all of it.
    useView: useView as Hooks<P>['useView'],
    // One implementation of two signatures: with a key it gives one event, without one the map.
    useLatest: useLatest as Hooks<P>['useLatest'],
    useEvent,
    useSend,
    useNow,
  };
}

/** What the last committed render passed, for callbacks that outlive it. */
function useNewest<T>(value: T): { readonly current: T } {
  const newest = useRef(value);
  useInsertionEffect(() => {
    newest.current = value;
  });
  return newest;
}
