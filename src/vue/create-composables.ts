/** What a component of Vue can follow of a client. */
import {
  type App,
  type ComputedRef,
  computed,
  type InjectionKey,
  inject,
  type MaybeRefOrGetter,
  provide,
  toValue,
  watchPostEffect,
} from 'vue';
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
  pending: ComputedRef<Sent['pending']>;
  /** Why the last `send` failed, or how the server refused it; `null` after one that did not. */
  error: ComputedRef<Sent['error']>;
}

/** A topic, key or dedupe key may be a ref or a getter: what is followed changes with it. */
export interface Composables<P extends AnyProtocol> {
  /**
   * Gives a client to this component and all below it; with `app`, to all components of an application. The client stays the
   * application's: nothing here closes it.
   */
  provideClient(client: Client<P>, app?: App): void;
  /** @throws Error where no component above this one, nor the application, was given a client. */
  useClient(): Client<P>;
  useConnection(): ComputedRef<Connection>;
  useOutbox(): ComputedRef<readonly OutboxEntry<P>[]>;
  /** As `outbox.pending`: what disables a button in every tab, also after a reload. */
  usePending(
    type: CommandType<P>,
    dedupeKey: MaybeRefOrGetter<string>,
  ): ComputedRef<OutboxEntry<P> | undefined>;
  /** How a topic stands that something in this tab follows; this alone follows nothing. Its offset changes with each event. */
  useStatus(topic: MaybeRefOrGetter<string>): ComputedRef<TopicStatus>;
  /** A topic folded into one value, as `topic.view`. */
  useView<S>(
    topic: MaybeRefOrGetter<string>,
    initial: S,
    reduce: (state: S, event: EventOf<P>, meta: Meta) => NoInfer<S>,
  ): ComputedRef<S>;
  /** The newest event of one key; changes with that key alone. */
  useLatest<const T extends EventType<P>>(
    topic: MaybeRefOrGetter<string>,
    type: T | readonly T[],
    key: MaybeRefOrGetter<string>,
  ): ComputedRef<EventOf<P, T> | undefined>;
  /** The newest event of every key. */
  useLatest<const T extends EventType<P>>(
    topic: MaybeRefOrGetter<string>,
    type: T | readonly T[],
  ): ComputedRef<ReadonlyMap<string, EventOf<P, T>>>;
  /** Calls the listener for each event, as `topic.on`, from when the component is mounted. */
  useEvent<const T extends EventType<P>>(
    topic: MaybeRefOrGetter<string>,
    type: T | readonly T[],
    listener: (event: EventOf<P, T>, meta: Meta) => unknown,
    options?: Pick<ListenOptions, 'replay'>,
  ): void;
  useSend<T extends CommandType<P>>(type: T): SendState<P, T>;
  /** `client.now()`, read again each period: for countdowns. @default 1_000 */
  useNow(periodMs?: number): ComputedRef<number>;
}

/** Vue's composables for an application's protocol, made once, beside the protocol itself. */
export function createComposables<P extends AnyProtocol>(_protocol: P): Composables<P> {
  const CLIENT: InjectionKey<Client<P>> = Symbol('trunkline');
  const sharedLatest = new SharedLatest<P>();

  function useClient(): Client<P> {
    const client = inject(CLIENT, null);
    if (!client) throw new Error('trunkline: call provideClient(client) in a component above this one');
    return client;
  }

  function useLatest<const T extends EventType<P>>(
    topic: MaybeRefOrGetter<string>,
    type: T | readonly T[],
    key?: MaybeRefOrGetter<string>,
  ) {
    const client = useClient();
    return useReadable(() => sharedLatest.get(client, toValue(topic), type, toValue(key)));
  }

  return {
    provideClient(client, app) {
      if (app) app.provide(CLIENT, client);
      else provide(CLIENT, client);
    },
    useClient,
    useConnection: () => useReadable(useClient().connection),
    useOutbox: () => useReadable(useClient().outbox),
    usePending(type, dedupeKey) {
      const { outbox } = useClient();
      return useReadable(() => outbox.pending(type, toValue(dedupeKey)));
    },
    useStatus(topic) {
      const client = useClient();
      return useReadable(() => client.topic(toValue(topic)).status);
    },
    useView(topic, initial, reduce) {
      const client = useClient();
      return useReadable(() => client.topic(toValue(topic)).view(initial, reduce));
    },
    // One implementation of two signatures: with a key it gives one event, without one the map.
    useLatest: useLatest as Composables<P>['useLatest'],
    useEvent(topic, type, listener, options) {
      const client = useClient();
      watchPostEffect((onCleanup) => onCleanup(client.topic(toValue(topic)).on(type, listener, options)));
    },
    useSend(type) {
      const { send, sent } = createSender(useClient(), type);
      const state = useReadable(sent);
      return {
        send,
        pending: computed(() => state.value.pending),
        error: computed(() => state.value.error),
      };
    },
    useNow: (periodMs) => useReadable(ticking(useClient(), periodMs)),
  };
}
