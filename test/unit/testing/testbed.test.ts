import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineProtocol } from '../../../src/protocol/index.ts';
import { createTestbed, type TestTab } from '../../../testing/index.ts';

const protocol = defineProtocol({
  app: 'ops',
  version: 1,
  events: {
    gate: {
      schema: z.object({ id: z.string(), state: z.enum(['waiting', 'approved']) }),
      key: (event) => `gate:${event.id}`,
    },
    alarm: { schema: z.object({ text: z.string() }), critical: true },
  },
  commands: {
    decide: { schema: z.object({ gate: z.string() }), priority: 'high', dedupe: (command) => command.gate },
    count: { schema: z.object({}), result: z.object({ all: z.number() }) },
  },
});
/** Of real time, on a busy machine. */
const LONG = { timeout: 60_000 };
const options = { commands: { count: () => ({ all: 7 }) } };

/** The keys of the gates that this tab shows, now and later. */
function gatesOf(tab: TestTab<typeof protocol>): () => string[] {
  const latest = tab.client.topic('run').latest('gate');
  latest.subscribe(() => {});
  return () => [...latest.get().keys()];
}

describe('tabs', () => {
  test('share one connection; what the server emits has reached all of them when `emit` resolves', async () => {
    await using bed = createTestbed(protocol, options);
    const gates = [bed.openTab(), bed.openTab(), bed.openTab()].map(gatesOf);
    await bed.server.emit('run', { type: 'gate', id: 'a', state: 'waiting' });
    expect(gates.map((of) => of())).toEqual([['gate:a'], ['gate:a'], ['gate:a']]);
    expect(bed.server.connections).toBe(1);
    expect(bed.errors).toEqual([]);
  });

  test('of two identities share nothing', async () => {
    await using bed = createTestbed(protocol, { ...options, authenticate: (token) => token ?? null });
    const [ada, bob] = ['ada', 'bob'].map((name) => bed.openTab({ identity: name, token: () => name }));
    if (!ada || !bob) throw new Error('there are two');
    await (await ada.client.send('decide', { gate: 'a' })).outcome;
    await (await bob.client.send('decide', { gate: 'a' })).outcome;
    expect(bed.server.received.map(({ principal }) => principal)).toEqual(['ada', 'bob']);
    expect(bed.server.connections).toBe(2);
  });

  test('hear nothing while they are frozen or cached, and have it all when they are back', async () => {
    await using bed = createTestbed(protocol, options);
    for (const [go, back] of [
      ['freeze', 'thaw'],
      ['enterCache', 'leaveCache'],
    ] as const) {
      const tab = bed.openTab();
      const gates = gatesOf(tab);
      await bed.settle();
      await tab[go]();
      await bed.server.emit('run', { type: 'gate', id: go, state: 'waiting' });
      await bed.advance(10_000);
      expect(gates()).not.toContain(`gate:${go}`);
      await tab[back]();
      expect(gates()).toContain(`gate:${go}`);
    }
    expect(bed.errors).toEqual([]);
  });

  test('that are looked at again try at once, however long the server was away', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    gatesOf(tab);
    await bed.settle();
    await bed.server.stop();
    await bed.advance(600_000);
    expect(tab.client.connection.get()).toMatchObject({ state: 'closed', circuit: 'open' });
    await tab.freeze();
    await bed.server.start();
    await tab.thaw();
    expect(tab.client.connection.get()).toMatchObject({ state: 'open' });
  });

  test('that crash are noticed, and can be reloaded', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    gatesOf(tab);
    const other = bed.openTab();
    gatesOf(other);
    await bed.settle();
    expect((await other.client.inspect()).tabs).toHaveLength(2);
    await tab.crash();
    expect((await other.client.inspect()).tabs).toHaveLength(1);
    const again = await tab.reload();
    const gates = gatesOf(again);
    await bed.server.emit('run', { type: 'gate', id: 'a', state: 'waiting' });
    expect(gates()).toEqual(['gate:a']);
  });

  test('that are gone say what to use instead', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    const other = bed.openTab();
    await tab.close();
    expect(() => tab.client).toThrow('this tab was closed; open another one with `openTab`');
    await expect(tab.freeze()).rejects.toThrow('this tab was closed');
    await other.reload();
    expect(() => other.client).toThrow('this tab was reloaded; use the tab that `reload` returned');
  });

  test('ask for a token whenever the hub connects; one that nobody holds is unauthorized', async () => {
    const tokens = new Set<string | undefined>();
    let asked = 0;
    let valid = true;
    await using bed = createTestbed(protocol, {
      ...options,
      authenticate(token) {
        tokens.add(token);
        return valid ? 'ada' : null;
      },
    });
    const tab = bed.openTab({
      token() {
        asked++;
        return 'secret';
      },
    });
    gatesOf(tab);
    await bed.settle();
    valid = false;
    await bed.server.drop();
    await bed.advance(60_000);
    expect(tab.client.connection.get()).toMatchObject({ state: 'closed', reason: 'unauthorized' });
    valid = true;
    tab.client.reconnect();
    await bed.settle();
    expect(tab.client.connection.get()).toMatchObject({ state: 'open' });
    expect([...tokens]).toEqual(['secret']);
    expect(asked).toBeGreaterThanOrEqual(3);
  });
});

describe('commands', () => {
  test('survive a reload without a server, and arrive once; other tabs see it', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    const states: string[] = [];
    bed.openTab().client.outbox.subscribe((entries) => states.push(entries.map(({ state }) => state).join()));
    await bed.server.stop();
    const receipt = await tab.client.send('decide', { gate: 'a' }, { topic: 'run' });
    expect(receipt.durable).toBe(true);
    const again = await tab.reload();
    await bed.settle();
    expect(states.at(-1)).toBe('queued');
    expect(bed.server.received).toEqual([]);
    await bed.server.start();
    await bed.advance(30_000);
    expect(bed.server.received).toMatchObject([
      { id: receipt.id, topic: 'run', principal: 'anonymous', command: { type: 'decide', gate: 'a' } },
    ]);
    expect(states.at(-1)).toBe('');
    expect(await again.client.outbox.settled(receipt.id)).toMatchObject({ status: 'accepted' });
    expect(bed.errors).toEqual([]);
  });

  test('are answered without anybody moving the clock, results and refusals included', async () => {
    await using bed = createTestbed(protocol, options);
    const { client } = bed.openTab();
    const { outcome } = await client.send('count', {});
    expect(await outcome).toEqual({ status: 'accepted', duplicate: false, result: { all: 7 } });
    bed.server.refuse('decide', { code: 'closed', message: 'too late' });
    const refused = await client.send('decide', { gate: 'a' });
    expect(await refused.outcome).toEqual({ status: 'rejected', code: 'closed', message: 'too late' });
    bed.server.accept('decide');
    const accepted = await client.send('decide', { gate: 'b' });
    expect(await accepted.outcome).toMatchObject({ status: 'accepted' });
    expect(bed.server.received.map(({ command }) => command.type)).toEqual(['count', 'decide', 'decide']);
  });

  test('that are refused for now wait, and come again', async () => {
    await using bed = createTestbed(protocol, options);
    const { client } = bed.openTab();
    client.outbox.subscribe(() => {});
    bed.server.refuse('decide', { code: 'busy', retry: true, retryAfterMs: 5_000 });
    const { outcome } = await client.send('decide', { gate: 'a' });
    await bed.settle();
    expect(client.outbox.get()).toMatchObject([{ state: 'waiting', error: { code: 'busy' } }]);
    bed.server.accept('decide');
    await bed.advance(10_000);
    expect(await outcome).toMatchObject({ status: 'accepted' });
    expect(bed.server.received.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test('reach the handlers of an application, which publish, take real time, and throw', async () => {
    await using bed = createTestbed(protocol, {
      commands: {
        ...options.commands,
        async decide({ gate }, { publish }) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (gate === 'broken') throw new Error('no');
          publish('run', { type: 'gate', id: gate, state: 'approved' });
        },
      },
    });
    const tab = bed.openTab();
    const gates = gatesOf(tab);
    const { outcome } = await tab.client.send('decide', { gate: 'a' });
    expect(await outcome).toMatchObject({ status: 'accepted' });
    expect(gates()).toEqual(['gate:a']);
    const broken = await tab.client.send('decide', { gate: 'broken' });
    await expect.poll(() => bed.advance(1_000).then(() => bed.errors.length), LONG).toBe(5);
    expect(await broken.outcome).toMatchObject({ status: 'rejected', code: 'internal' });
  });

  test('in the hands of a server that dies come again; one that has lost its memory leaves them uncertain', async () => {
    let answer: () => void = () => {};
    await using bed = createTestbed(protocol, {
      commands: { ...options.commands, decide: () => new Promise<void>((resolve) => (answer = resolve)) },
    });
    const { client } = bed.openTab();
    client.outbox.subscribe(() => {});
    await client.send('decide', { gate: 'a' });
    await bed.settle();
    await bed.server.restart();
    // What the dead one does is nothing to anybody.
    answer();
    await bed.advance(5_000);
    expect(bed.server.received.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(client.outbox.get()).toMatchObject([{ state: 'sent' }]);
    await bed.server.restart({ history: false });
    await bed.advance(5_000);
    expect(client.outbox.get()).toMatchObject([{ state: 'uncertain' }]);
    expect(bed.server.received).toHaveLength(2);
  });

  test('are not taken for unsent by a server that forgot everything at the very moment at which they came', async () => {
    await using bed = createTestbed(protocol, {
      commands: { ...options.commands, decide: () => new Promise<void>(() => {}) },
    });
    const { client } = bed.openTab();
    client.outbox.subscribe(() => {});
    await client.send('decide', { gate: 'a' });
    await bed.settle();
    await bed.server.restart({ history: false });
    await bed.advance(5_000);
    expect(client.outbox.get()).toMatchObject([{ state: 'uncertain' }]);
    expect(bed.server.received).toHaveLength(1);
  });

  test('with a result need a handler', () => {
    expect(() => createTestbed(protocol)).toThrow('"count" has a result; give `commands` a handler');
  });
});

describe('what fails', () => {
  test('a worker that is killed is replaced, with all that it knew', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    const gates = gatesOf(tab);
    await bed.server.emit('run', { type: 'gate', id: 'a', state: 'waiting' });
    const { hub } = await tab.client.inspect();
    await bed.worker.kill();
    await bed.advance(20);
    await bed.server.emit('run', { type: 'gate', id: 'b', state: 'waiting' });
    expect(gates()).toEqual(['gate:a', 'gate:b']);
    expect((await tab.client.inspect()).hub).not.toEqual(hub);
  });

  test('a storage that fails is told, and comes back with what was in memory', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    gatesOf(tab);
    await bed.settle();
    await bed.server.stop();
    bed.storage.fail('full');
    const { durable } = await tab.client.send('decide', { gate: 'a' });
    expect(durable).toBe(false);
    await expect(tab.client.send('decide', { gate: 'b' }, { requireDurable: true })).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(tab.client.outbox.storage.get()).toMatchObject({ state: 'degraded' });
    bed.storage.recover();
    await bed.advance(30_000);
    expect(tab.client.outbox.storage.get()).toMatchObject({ state: 'ok' });
    const again = await tab.reload();
    again.client.outbox.subscribe(() => {});
    await bed.settle();
    expect(again.client.outbox.get()).toMatchObject([{ state: 'queued', command: { gate: 'a' } }]);
  });

  test('a storage fails for one identity, and not for another', async () => {
    await using bed = createTestbed(protocol, options);
    bed.storage.fail('blocked', 'bob');
    await bed.server.stop();
    const [ada, bob] = [bed.openTab({ identity: 'ada' }), bed.openTab({ identity: 'bob' })];
    expect(await ada.client.send('decide', { gate: 'a' })).toMatchObject({ durable: true });
    expect(await bob.client.send('decide', { gate: 'a' })).toMatchObject({ durable: false });
  });

  test('a listener that throws is reported: to the tab, and to the test', async () => {
    const told: unknown[] = [];
    await using bed = createTestbed(protocol, options);
    const { client } = bed.openTab({ onError: (error) => told.push(error), log: 'silent' });
    client.topic('run').on('gate', () => {
      throw new Error('no');
    });
    await bed.server.emit('run', { type: 'gate', id: 'a', state: 'waiting' });
    expect(bed.errors).toMatchObject([{ code: 'listener' }]);
    expect(told).toEqual(bed.errors);
  });

  test('an event that breaks its schema does not leave the server', async () => {
    await using bed = createTestbed(protocol, options);
    const event = { type: 'gate', id: 'a', state: 'open' as 'waiting' } as const;
    await expect(bed.server.emit('run', event)).rejects.toThrow(TypeError);
  });

  test('a network that vanishes is noticed by the heartbeat', async () => {
    await using bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    const states: string[] = [];
    gatesOf(tab);
    tab.client.connection.subscribe(({ state }) => states.push(state));
    await bed.settle();
    await bed.server.vanish();
    await bed.advance(39_000);
    expect(states.at(-1)).toBe('open');
    expect(states).not.toContain('closing');
    await bed.advance(5_000);
    expect(states.slice(states.lastIndexOf('closed'))).toEqual(['closed', 'connecting', 'open']);
  });

  test('a server that has forgotten everything leaves no old state behind', async () => {
    await using bed = createTestbed(protocol, options);
    const gates = gatesOf(bed.openTab());
    await bed.server.emit('run', { type: 'gate', id: 'a', state: 'waiting' });
    await bed.server.restart({ history: false });
    await bed.advance(5_000);
    expect(gates()).toEqual([]);
  });

  test('a topic may be refused', async () => {
    await using bed = createTestbed(protocol, { ...options, authorize: (_who, topic) => topic !== 'secret' });
    const { client } = bed.openTab();
    const statuses = ['run', 'secret'].map((name) => client.topic(name).status);
    for (const name of ['run', 'secret'])
      client
        .topic(name)
        .latest('gate')
        .subscribe(() => {});
    await bed.settle();
    expect(statuses.map((status) => status.get().state)).toEqual(['live', 'refused']);
  });
});

describe('time', () => {
  test('stands still but for `advance`, and goes as far as that says', async () => {
    await using bed = createTestbed(protocol, { ...options, now: 1_000 });
    gatesOf(bed.openTab());
    await bed.settle();
    expect(bed.now()).toBe(1_000);
    await bed.advance(60_000);
    expect(bed.now()).toBe(61_000);
    await expect(bed.advance(-1)).rejects.toThrow('advance takes milliseconds, 0 or more, not -1');
    await expect(bed.advance(Number.POSITIVE_INFINITY)).rejects.toThrow(RangeError);
  });

  test('settles the hub as its settings say, and as its worker lives', async () => {
    expect(() => createTestbed(protocol, { ...options, settings: { lingerMs: -1 } })).toThrow('lingerMs');
    await using bed = createTestbed(protocol, {
      ...options,
      settings: { lingerMs: 1_000 },
      extendedLifetime: true,
    });
    const tab = bed.openTab();
    gatesOf(tab);
    await bed.settle();
    const { hub } = await tab.client.inspect();
    const again = await tab.reload();
    expect((await again.client.inspect()).hub).toEqual(hub);
    await bed.advance(1_000);
    expect(bed.server.connections).toBe(0);
  });

  test('ends with the testbed', async () => {
    const bed = createTestbed(protocol, options);
    const tab = bed.openTab();
    gatesOf(tab);
    await bed.settle();
    await bed.close();
    expect(bed.server.connections).toBe(0);
    await bed.advance(1_000_000);
    expect(bed.server.connections).toBe(0);
  });
});

test('`act` is around everything that happens, and never around itself', async () => {
  let depth = 0;
  let deepest = 0;
  const outside: string[] = [];
  await using bed = createTestbed(protocol, {
    ...options,
    async act(work) {
      deepest = Math.max(deepest, ++depth);
      await work();
      depth--;
    },
  });
  const tab = bed.openTab();
  const hear = (what: string) => () => {
    if (depth === 0) outside.push(what);
  };
  const { connection, outbox } = tab.client;
  tab.client.topic('run').latest('gate').subscribe(hear('gate'));
  connection.subscribe(hear('connection'));
  outbox.subscribe(hear('outbox'));
  // Each says at once what it has.
  expect(outside.splice(0)).toEqual(['gate', 'connection', 'outbox']);
  await (await tab.client.send('decide', { gate: 'a' })).outcome;
  await Promise.all([
    bed.server.emit('run', { type: 'gate', id: 'a', state: 'waiting' }),
    bed.server.emit('run', { type: 'gate', id: 'a', state: 'approved' }),
    bed.server.drop(),
    bed.advance(5_000),
    tab.freeze(),
    bed.server.emit('run', { type: 'gate', id: 'b', state: 'waiting' }),
    tab.thaw(),
    tab.enterCache(),
    tab.leaveCache(),
    bed.worker.kill(),
    bed.server.restart(),
    bed.advance(5_000),
  ]);
  expect(connection.get()).toMatchObject({ state: 'open' });
  expect(outside).toEqual([]);
  expect([depth, deepest]).toEqual([0, 1]);
});
