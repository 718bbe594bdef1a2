/** What a component of Svelte can follow of a client. */
import { getContext, onMount, setContext } from 'svelte';
import { toStore } from 'svelte/store';
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
  Readable,
  TopicStatus,
} from '../index.ts';
import { type Current, useReadable } from './readable.ts';

/** What this component has sent, to be read as `Current`'s value is. */
export interface SendState<P, T extends CommandType<P>> extends Sent {
  /** As `client.send`; also rejects as that does. */
  send: Sender<P, T>['send'];
}

/** A topic, key or dedupe key may be a function: what is followed changes with what it gives. */
export interface Bindings<P extends AnyProtocol> {
  /** Gives a client to this component and all below it. The client stays the application's: nothing here closes it. */
  provideClient(client: Client<P>): void;
  /** @throws Error where no component above this one was given a client. */
  useClient(): Client<P>;
  useConnection(): Current<Connection>;
  useOutbox(): Current<readonly OutboxEntry<P>[]>;
  /** As `outbox.pending`: what disables a button in every tab, also after a reload. */
  usePending(type: CommandType<P>, dedupeKey: Name): Current<OutboxEntry<P> | undefined>;
  /** How a topic stands that something in this tab follows; this alone follows nothing. Its offset changes with each event. */
  useStatus(topic: Name): Current<TopicStatus>;
  /** A topic folded into one value, as `topic.view`. */
  useView<S>(
    topic: Name,
    initial: S,
    reduce: (state: S, event: EventOf<P>, meta: Meta) => NoInfer<S>,
  ): Current<S>;
  /** The newest event of one key; changes with that key alone. */
  useLatest<const T extends EventType<P>>(
    topic: Name,
    type: T | readonly T[],
    key: Name,
  ): Current<EventOf<P, T> | undefined>;
  /** The newest event of every key. */
  useLatest<const T extends EventType<P>>(
    topic: Name,
    type: T | readonly T[],
  ): Current<ReadonlyMap<string, EventOf<P, T>>>;
  /** Calls the listener for each event, as `topic.on`, from when the component is mounted. */
  useEvent<const T extends EventType<P>>(
    topic: Name,
    type: T | readonly T[],
    listener: (event: EventOf<P, T>, meta: Meta) => unknown,
    options?: Pick<ListenOptions, 'replay'>,
  ): void;
  useSend<T extends CommandType<P>>(type: T): SendState<P, T>;
  /** `client.now()`, read again each period: for countdowns. @default 1_000 */
  useNow(periodMs?: number): Current<number>;
}

/** What components of Svelte call for an application's protocol, made once, beside the protocol itself. */
export function createBindings<P extends AnyProtocol>(_protocol: P): Bindings<P> {
  const CLIENT = Symbol('trunkline');
  const sharedLatest = new SharedLatest<P>();

  function useClient(): Client<P> {
    const client = getContext<Client<P> | undefined>(CLIENT);
    if (!client) throw new Error('trunkline: call provideClient(client) in a component above this one');
    return client;
  }

  function useLatest<const T extends EventType<P>>(topic: Name, type: T | readonly T[], key?: Name) {
    const client = useClient();
    if (key === undefined) return useNamed([topic], (topic) => sharedLatest.get(client, topic, type));
    return useNamed([topic, key], (topic, key) => sharedLatest.get(client, topic, type, key));
  }

  return {
    provideClient: (client) => setContext(CLIENT, client),
    useClient,
    useConnection: () => useReadable(useClient().connection),
    useOutbox: () => useReadable<readonly OutboxEntry<P>[]>(useClient().outbox),
    usePending(type, dedupeKey) {
      const { outbox } = useClient();
      return useNamed([dedupeKey], (dedupeKey) => outbox.pending(type, dedupeKey));
    },
    useStatus(topic) {
      const client = useClient();
      return useNamed([topic], (topic) => client.topic(topic).status);
    },
    useView(topic, initial, reduce) {
      const client = useClient();
      return useNamed([topic], (topic) => client.topic(topic).view(initial, reduce));
    },
    // One implementation of two signatures: with a key it gives one event, without one the map.
    useLatest: useLatest as Bindings<P>['useLatest'],
    useEvent(topic, type, listener, options) {
      const client = useClient();
      const names = toStore(() => nameNow(topic));
      onMount(() => {
        let end = () => {};
        const stop = names.subscribe((name) => {
          end();
          end = client.topic(name).on(type, listener, options);
        });
        return () => {
          stop();
          end();
        };
      });
    },
    useSend(type) {
      const { send, sent } = createSender(useClient(), type);
      const state = useReadable(sent);
      return {
        send,
        get pending() {
          return state.current.pending;
        },
        get error() {
          return state.current.error;
        },
      };
    },
    useNow: (periodMs) => useReadable(ticking(useClient(), periodMs)),
  };
}

/** The value of the Readable that is made of these names, and is made anew when one of them changes. */
function useNamed<T, const Names extends readonly Name[]>(
  names: Names,
  make: (...given: { [K in keyof Names]: string }) => Readable<T>,
): Current<T> {
  let made: { readonly given: readonly string[]; readonly readable: Readable<T> } | undefined;
  return useReadable(() => {
    const given = names.map(nameNow);
    if (!made?.given.every((name, i) => name === given[i])) {
      // As many as there are names.
      made = { given, readable: make(...(given as { [K in keyof Names]: string })) };
    }
    return made.readable;
  });
}
