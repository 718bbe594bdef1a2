/** What components that follow a topic must, and must not, compile as. Checked by `tsc`, never run. */
import * as z from 'zod/mini';
import type { Client, Connection, EventOf, OutboxEntry, TopicStatus } from '../../src/index.ts';
import { defineProtocol } from '../../src/protocol/index.ts';
import { createHooks } from '../../src/react/index.ts';
import { createPrimitives } from '../../src/solid/index.ts';
import { createBindings } from '../../src/svelte/index.ts';
import { createComposables, useReadable } from '../../src/vue/index.ts';

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const equal = <T extends true>(_?: T) => {};

const protocol = defineProtocol({
  app: 'ops',
  version: 1,
  events: {
    gate: { schema: z.object({ gate: z.string(), open: z.boolean() }), key: ({ gate }) => gate },
    line: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    decide: { schema: z.object({ gate: z.string() }), result: z.object({ left: z.number() }) },
  },
});
type P = typeof protocol;

declare const client: Client<P>;

export function react(): void {
  const { useView } = createHooks(protocol);
  const texts = useView('run', [] as string[], (before, event) =>
    event.type === 'line' ? [...before, event.text] : before,
  );
  equal<Equal<typeof texts, string[]>>();
  const count = useView(
    'run',
    [] as string[],
    (before) => before,
    (all) => all.length,
    (before, now) => before - now < 10,
  );
  equal<Equal<typeof count, number>>();
  const lengthOf = (text: string) => text.length;
  // @ts-expect-error: what is folded is no text
  useView('run', 0, (before) => before + 1, lengthOf);
}

export function vue(): void {
  const composables = createComposables(protocol);
  composables.provideClient(client);
  equal<Equal<ReturnType<typeof composables.useClient>, Client<P>>>();
  const gate = composables.useLatest('run', 'gate', () => 'a').value;
  equal<Equal<typeof gate, EventOf<P, 'gate'> | undefined>>();
  const gates = composables.useLatest('run', ['gate']).value;
  equal<Equal<typeof gates, ReadonlyMap<string, EventOf<P, 'gate'>>>>();
  // @ts-expect-error: no such event
  composables.useLatest('run', 'gat');
  const texts = composables.useView('run', [] as string[], (before, event) =>
    event.type === 'line' ? [...before, event.text] : before,
  ).value;
  equal<Equal<typeof texts, string[]>>();
  composables.useEvent('run', 'line', ({ text }, { offset }) => text.slice(offset));
  const { send, pending, error } = composables.useSend('decide');
  equal<Equal<typeof pending.value, boolean>>();
  equal<Equal<typeof error.value, Error | null>>();
  send({ gate: 'a' }).then(async ({ outcome }) => {
    const how = await outcome;
    if (how.status === 'accepted') equal<Equal<typeof how.result, { left: number }>>();
  });
  // @ts-expect-error: no such field
  send({ door: 'a' });
  const entry = composables.usePending('decide', 'a').value;
  equal<Equal<typeof entry, OutboxEntry<P> | undefined>>();
  const status = composables.useStatus(() => 'run').value;
  equal<Equal<typeof status, TopicStatus>>();
  const connection = useReadable(client.connection).value;
  equal<Equal<typeof connection, Connection>>();
  // @ts-expect-error: what is followed is only read
  composables.useNow().value = 0;
}

export function solid(): void {
  const primitives = createPrimitives(protocol);
  const gate = primitives.useLatest('run', 'gate', () => 'a')();
  equal<Equal<typeof gate, EventOf<P, 'gate'> | undefined>>();
  const gates = primitives.useLatest(() => 'run', ['gate'])();
  equal<Equal<typeof gates, ReadonlyMap<string, EventOf<P, 'gate'>>>>();
  // @ts-expect-error: no such event
  primitives.useLatest('run', 'gat');
  const count = primitives.useView('run', 0, (before) => before + 1)();
  equal<Equal<typeof count, number>>();
  const { send, pending } = primitives.useSend('decide');
  equal<Equal<ReturnType<typeof pending>, boolean>>();
  // @ts-expect-error: no such field
  send({ door: 'a' });
  // @ts-expect-error: no client
  primitives.Provider({ client: 7 });
}

export function svelte(): void {
  const bindings = createBindings(protocol);
  bindings.provideClient(client);
  const gate = bindings.useLatest('run', 'gate', () => 'a');
  equal<Equal<typeof gate.current, EventOf<P, 'gate'> | undefined>>();
  const gates = bindings.useLatest(() => 'run', ['gate']);
  equal<Equal<typeof gates.current, ReadonlyMap<string, EventOf<P, 'gate'>>>>();
  // @ts-expect-error: no such event
  bindings.useLatest('run', 'gat');
  const count = bindings.useView('run', 0, (before) => before + 1);
  equal<Equal<typeof count.current, number>>();
  const decide = bindings.useSend('decide');
  equal<Equal<typeof decide.pending, boolean>>();
  // @ts-expect-error: no such field
  decide.send({ door: 'a' });
  // @ts-expect-error: what is followed is only read
  gate.current = undefined;
}
