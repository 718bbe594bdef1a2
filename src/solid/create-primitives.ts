/** What a component of Solid can follow of a client. */
import {
  type Accessor,
  createComponent,
  createContext,
  createEffect,
  createMemo,
  type JSX,
  onCleanup,
  type ParentProps,
  useContext,
} from 'solid-js';
import { type Name, nameNow } from '../bindings/name.ts';
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
import { useReadable } from './readable.ts';

export interface SendState<P, T extends CommandType<P>> {
  /** As `client.send`; also rejects as that does. */
  send: Sender<P, T>['send'];
  /** A command that this component sent has no outcome yet. */
  pending: Accessor<Sent['pending']>;
  /** Why the last `send` failed, or how the server refused it; `null` after one that did not. */
  error: Accessor<Sent['error']>;
}

/** A topic, key or dedupe key may be an accessor: what is followed changes with it. */
export interface Primitives<P extends AnyProtocol> {
  /** Gives a client to all components below it. The client stays the application's: nothing here closes it. */
  Provider(props: ParentProps<{ client: Client<P> }>): JSX.Element;
  /** @throws Error outside of a `Provider`. */
  useClient(): Client<P>;
  useConnection(): Accessor<Connection>;
  useOutbox(): Accessor<readonly OutboxEntry<P>[]>;
  /** As `outbox.pending`: what disables a button in every tab, also after a reload. */
  usePending(type: CommandType<P>, dedupeKey: Name): Accessor<OutboxEntry<P> | undefined>;
  /** How a topic stands that something in this tab follows; this alone follows nothing. Its offset changes with each event. */
  useStatus(topic: Name): Accessor<TopicStatus>;
  /** A topic folded into one value, as `topic.view`. */
  useView<S>(
    topic: Name,
    initial: S,
    reduce: (state: S, event: EventOf<P>, meta: Meta) => NoInfer<S>,
  ): Accessor<S>;
  /** The newest event of one key; changes with that key alone. */
  useLatest<const T extends EventType<P>>(
    topic: Name,
    type: T | readonly T[],
    key: Name,
  ): Accessor<EventOf<P, T> | undefined>;
  /** The newest event of every key. */
  useLatest<const T extends EventType<P>>(
    topic: Name,
    type: T | readonly T[],
  ): Accessor<ReadonlyMap<string, EventOf<P, T>>>;
  /** Calls the listener for each event, as `topic.on`, from when the component is rendered. */
  useEvent<const T extends EventType<P>>(
    topic: Name,
    type: T | readonly T[],
    listener: (event: EventOf<P, T>, meta: Meta) => unknown,
    options?: Pick<ListenOptions, 'replay'>,
  ): void;
  useSend<T extends CommandType<P>>(type: T): SendState<P, T>;
  /** `client.now()`, read again each period: for countdowns. @default 1_000 */
  useNow(periodMs?: number): Accessor<number>;
}

/** Solid's primitives for an application's protocol, made once, beside the protocol itself. */
export function createPrimitives<P extends AnyProtocol>(_protocol: P): Primitives<P> {
  const ClientContext = createContext<Client<P>>();
  const sharedLatest = new SharedLatest<P>();

  function useClient(): Client<P> {
    const client = useContext(ClientContext);
    if (!client) throw new Error('trunkline: there is no <Provider client={…}> above this component');
    return client;
  }

  function useLatest<const T extends EventType<P>>(topic: Name, type: T | readonly T[], key?: Name) {
    const client = useClient();
    return useReadable(() =>
      sharedLatest.get(client, nameNow(topic), type, key === undefined ? undefined : nameNow(key)),
    );
  }

  return {
    Provider: (props) =>
      createComponent(ClientContext.Provider, {
        get value() {
          return props.client;
        },
        get children() {
          return props.children;
        },
      }),
    useClient,
    useConnection: () => useReadable(useClient().connection),
    useOutbox: () => useReadable<readonly OutboxEntry<P>[]>(useClient().outbox),
    usePending(type, dedupeKey) {
      const { outbox } = useClient();
      return useReadable(() => outbox.pending(type, nameNow(dedupeKey)));
    },
    useStatus(topic) {
      const client = useClient();
      return useReadable(() => client.topic(nameNow(topic)).status);
    },
    useView(topic, initial, reduce) {
      const client = useClient();
      return useReadable(() => client.topic(nameNow(topic)).view(initial, reduce));
    },
    // One implementation of two signatures: with a key it gives one event, without one the map.
    useLatest: useLatest as Primitives<P>['useLatest'],
    useEvent(topic, type, listener, options) {
      const client = useClient();
      createEffect(() => onCleanup(client.topic(nameNow(topic)).on(type, listener, options)));
    },
    useSend(type) {
      const { send, sent } = createSender(useClient(), type);
      const state = useReadable(sent);
      return {
        send,
        pending: createMemo(() => state().pending),
        error: createMemo(() => state().error),
      };
    },
    useNow: (periodMs) => useReadable(ticking(useClient(), periodMs)),
  };
}
