/** What an application's code must, and must not, compile as. Checked by `tsc`, never run. */
import { type } from 'arktype';
import * as v from 'valibot';
import * as z from 'zod';
import * as zm from 'zod/mini';
import {
  type AnyProtocol,
  type Client,
  type Connection,
  createClient,
  type Delivered,
  type EventOf,
  type EventType,
  type Meta,
  type OutboxEntry,
  type Outcome,
  type Readable,
  type Receipt,
  type ResultOf,
  type Topic,
  TrunklineError,
} from '../../src/index.ts';
import { oneTab } from '../../src/one-tab/index.ts';
import { defineProtocol } from '../../src/protocol/index.ts';
import { startHub } from '../../worker/index.ts';
import { savedState } from '../../worker/saved-state.ts';
import { deliverInBackground } from '../../worker/service-worker.ts';

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const equal = <T extends true>(_?: T) => {};

export const protocol = defineProtocol({
  app: 'ops',
  version: 1,
  events: {
    node_state: {
      schema: z.object({
        nodeId: z.string(),
        state: z.enum(['running', 'done']),
        at: z.iso.datetime().transform((text) => new Date(text)),
      }),
      key: (e) => `node:${e.nodeId}`,
    },
    cost_update: { schema: zm.object({ spent: zm.number(), budget: zm.number() }), key: () => 'cost' },
    gate: {
      key: (e) => `gate:${e.gateId}`,
      schema: v.object({ gateId: v.string(), open: v.boolean() }),
      tombstone: (e) => !e.open,
      critical: true,
    },
    log: { schema: type({ line: 'string' }) },
    tick: { schema: z.object({}) },
  },
  commands: {
    human_decision: {
      schema: z.object({
        gateId: z.string(),
        verdict: z.enum(['approve', 'reject']),
        comment: z.string().default(''),
      }),
      result: z.object({ resumed: z.boolean() }),
      priority: 'high',
      dedupe: (c) => c.gateId,
    },
    cancel_run: { schema: z.object({ runId: z.string() }) },
    refresh: { schema: z.object({}) },
    zoom: { schema: z.object({ runId: z.string(), level: z.number() }), replaces: (c) => c.runId },
  },
});
type P = typeof protocol;

const client = createClient(protocol, {
  url: '/ws',
  identity: 'anonymous',
  worker: () => new SharedWorker(new URL('./hub.ts', import.meta.url), { type: 'module' }),
});
// @ts-expect-error: whose outbox it is must be written out
createClient(protocol, { url: '/ws', worker: () => new Worker('hub.js') });

export function listens(): void {
  const run = client.topic('run:42');
  run.on('node_state', (event, meta) => {
    equal<Equal<typeof event.type, 'node_state'>>();
    event.at.getTime();
    equal<Equal<typeof meta.key, string | null>>();
  });
  run.on(['gate', 'log'], (event) => (event.type === 'gate' ? event.gateId : event.line));
  run.on('log', () => {}, { replay: 'state', signal: AbortSignal.abort() });
  // @ts-expect-error: no such type
  run.on('nod_state', () => {});
  const cost = run.view<{ spent: number; gate: string | null }>({ spent: 0, gate: null }, (state, event) => {
    switch (event.type) {
      case 'cost_update':
        return { ...state, spent: event.spent };
      case 'gate':
        return { ...state, gate: event.gateId };
      default:
        return state;
    }
  });
  equal<Equal<ReturnType<typeof cost.get>, { spent: number; gate: string | null }>>();
  const inferred = run.view({ spent: 0 }, (state, event) =>
    event.type === 'cost_update' ? { spent: event.spent } : state,
  );
  equal<Equal<ReturnType<typeof inferred.get>, { spent: number }>>();
  const state = run.latest('node_state').at('node:7').get()?.state;
  equal<Equal<typeof state, 'running' | 'done' | undefined>>();
  run.subscribe({
    snapshot(events, missed) {
      equal<Equal<typeof events, readonly Delivered<P>[]>>();
      equal<Equal<typeof missed, typeof events>>();
    },
    events: async (batch) =>
      batch.map(({ event, meta, gone, epoch }) => [event.type, meta.offset, gone, epoch]),
  });
  const narrow = client.topic<'gate' | 'log'>('gates');
  narrow.on('log', (event) => event.line);
  // @ts-expect-error: this topic does not carry it
  narrow.on('node_state', () => {});
  narrow.view(0, (count, event) => {
    equal<Equal<typeof event.type, 'gate' | 'log'>>();
    return count;
  });
  equal<Equal<typeof narrow, Topic<P, 'gate' | 'log'>>>();
}

export async function sends(): Promise<void> {
  // `comment` has a default: what is sent is the schema's input
  const receipt = await client.send('human_decision', { gateId: 'g', verdict: 'approve' });
  equal<Equal<typeof receipt, Receipt<{ resumed: boolean }>>>();
  const outcome = await receipt.outcome;
  equal<Equal<typeof outcome, Outcome<{ resumed: boolean }>>>();
  if (outcome.status === 'accepted') equal<Equal<typeof outcome.result.resumed, boolean>>();
  await client.send('refresh');
  await client.send('refresh', {}, { priority: 'high', requireDurable: true, topic: 'run:42' });
  const cancelled = await (await client.send('cancel_run', { runId: 'x' })).outcome;
  if (cancelled.status === 'accepted') equal<Equal<typeof cancelled.result, unknown>>();
  // @ts-expect-error: payload missing
  await client.send('human_decision');
  // @ts-expect-error: wrong verdict
  await client.send('human_decision', { gateId: 'g', verdict: 'ok' });
  // @ts-expect-error: unknown field
  await client.send('cancel_run', { runId: 'g', x: 1 });
  // @ts-expect-error: no such command
  await client.send('nope', {});
}

export function looksAtTheOutbox(): void {
  client.outbox
    .get()
    .map((entry) =>
      entry.state === 'quarantined'
        ? entry.error.code
        : entry.command.type === 'human_decision'
          ? entry.command.comment?.length
          : 0,
    );
  client.outbox.onSettled(({ command, outcome }) => {
    if (command.type === 'human_decision') command.gateId;
    equal<Equal<typeof outcome.status, Outcome['status']>>();
  });
  equal<
    Equal<ReturnType<typeof client.outbox.pending<'human_decision'>>, Readable<OutboxEntry<P> | undefined>>
  >();
  // @ts-expect-error: no such command
  client.outbox.pending('nope', 'key');
}

export function deliversInBackground(): void {
  const deliver = deliverInBackground(protocol, {
    url: (identity) => `/ws/${identity}`,
    token: async (identity) => identity,
    identities: ['ann'],
    onSettled({ identity, command, outcome }) {
      equal<Equal<typeof identity, string>>();
      if (command.type === 'human_decision') command.gateId;
      if (outcome.status === 'accepted') outcome.result;
      // @ts-expect-error: no such command
      if (command.type === 'nope') return;
    },
  });
  equal<Equal<ReturnType<typeof deliver>, Promise<void>>>();
  // @ts-expect-error: where it is must be said
  deliverInBackground(protocol, {});
}

export async function ends(): Promise<string> {
  await using scoped = client;
  equal<Equal<ReturnType<typeof scoped.connection.get>, Connection>>();
  equal<Equal<Awaited<ReturnType<typeof scoped.signOut>>, OutboxEntry<P>[]>>();
  try {
    await scoped.close();
  } catch (error) {
    if (error instanceof TrunklineError && error.code === 'hub_lost') return error.message;
    // @ts-expect-error: no such code
    if (error instanceof TrunklineError && error.code === 'lost') return '';
  }
  return '';
}

export const isGeneric = <Q extends P>(any: Client<Q>): number => any.outbox.get().length;
isGeneric(client);
declare function takesAnyClient(any: Client<AnyProtocol>): void;
takesAnyClient(client);

declare const event: EventOf<P>;
if (event.type === 'tick') equal<Equal<typeof event.type, 'tick'>>();
equal<Equal<ResultOf<P, 'human_decision'>, { resumed: boolean }>>();
equal<Equal<EventType<P>, 'node_state' | 'cost_update' | 'gate' | 'log' | 'tick'>>();

defineProtocol({
  app: 'x',
  version: 1,
  commands: {},
  events: {
    // @ts-expect-error: a field named `type` of its own
    a: { schema: z.object({ type: z.string() }) },
    // @ts-expect-error: a typo in the key
    b: { schema: z.object({ id: z.string() }), key: (e) => e.idd },
  },
});

const kept = defineProtocol({
  app: 'x',
  version: 1,
  commands: {},
  events: {
    step: { schema: z.object({ id: z.string() }), key: ({ id }) => id, persist: true },
    // @ts-expect-error: persisting is a yes or a no
    line: { schema: z.object({ text: z.string() }), persist: 'always' },
  },
});
startHub(kept, { savedState, settings: { stateBytes: 1_000_000, stateSaveMs: 1_000 } });
// @ts-expect-error: what keeps the state is imported, and no mere yes
startHub(kept, { savedState: true });

export async function sayAge(topic: Topic<P>): Promise<string> {
  const status = topic.status.get();
  if (status.state === 'unavailable') return 'nothing is known of it';
  if (status.state !== 'stale' || status.savedAt === undefined) return status.state;
  await topic.forget();
  const { source } = client.clock();
  equal<Equal<typeof source, 'server' | 'device' | 'browser'>>();
  return `as of ${new Date(status.savedAt)}, and the time of ${source}`;
}

// One tab of a browser takes it: what a listener is given follows from where it listens.
client.topic('run:1').on(
  'gate',
  oneTab('ring', (event, meta) => {
    equal<Equal<typeof event, EventOf<P, 'gate'>>>();
    equal<Equal<typeof meta, Meta>>();
  }),
);
client.outbox.onSettled(oneTab('settled', ({ at, outcome }) => [at, outcome.status]));
