import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findPython } from '../../../scripts/python.ts';
import { type PythonServer, startSmallestServer } from '../../support/python.ts';
import { open, type RawClient } from './raw-client.ts';

const python = findPython();

if (python === null) {
  test('NOT CHECKED: docs/examples/smallest_server.py, because no python3 here has the package `websockets`', () => {
    console.warn(
      'docs/examples/smallest_server.py was not checked: no python3 here has the package `websockets`',
    );
  });
} else {
  describe('the smallest server', () => {
    let server: PythonServer;
    const clients: RawClient[] = [];
    beforeAll(async () => {
      server = await startSmallestServer(python, { everyMs: 50 });
    });
    afterEach(() => {
      for (const client of clients.splice(0)) client.destroy();
    });
    afterAll(() => server.stop());

    async function client(options?: Parameters<typeof open>[1]): Promise<RawClient> {
      const opened = await open(server.url, options);
      clients.push(opened);
      return opened;
    }
    async function welcomed(hello: { client_id?: string; term?: number } = {}) {
      const raw = await client();
      raw.send({ type: 'hello', client_id: randomUUID(), app: 'test', app_version: 1, term: 1, ...hello });
      return { raw, welcome: await raw.next('welcome') };
    }
    const switchOff = (id: string, machine: string, attempt = 1) => ({
      type: 'command',
      id,
      topic: 'machines',
      priority: 'high',
      created_at: Date.now(),
      attempt,
      app_version: 1,
      command: { type: 'switch', machine, on: false },
    });

    test('gives a snapshot of the state, then events without a hole', async () => {
      const { raw } = await welcomed();
      raw.send({ type: 'subscribe', topic: 'machines', ref: 1, cursor: { epoch: 'another', offset: 3 } });
      const subscribed = await raw.next('subscribed');
      const snapshot = await raw.next('snapshot');
      expect(subscribed).toMatchObject({ topic: 'machines', ref: 1, recovered: false });
      expect(snapshot).toMatchObject({
        ref: 1,
        epoch: subscribed.epoch,
        offset: subscribed.offset,
        part: 0,
        last: true,
      });
      expect(snapshot.events.map(({ key }) => key).sort()).toEqual([
        'machine:lathe',
        'machine:press',
        'machine:saw',
      ]);
      const offsets = snapshot.events.map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      expect(offsets.at(-1)).toBe(snapshot.offset);
      let { ts } = snapshot;
      for (const step of [1, 2, 3, 4]) {
        const event = await raw.next('event');
        expect(event.offset).toBe(snapshot.offset + step);
        expect(event.ts).toBeGreaterThanOrEqual(ts);
        ts = event.ts;
      }
    });

    test('answers a resync with its state, and is silent about a topic after `unsubscribe`', async () => {
      const { raw } = await welcomed();
      raw.send({ type: 'resync_request', topic: 'machines', ref: 7, last_seen: null });
      expect((await raw.next('subscribed')).ref).toBe(7);
      expect((await raw.next('snapshot')).ref).toBe(7);
      await raw.next('event');
      raw.send({ type: 'unsubscribe', topic: 'machines', ref: 8 }, { type: 'ping', id: 1 });
      await raw.until('pong');
      const watcher = await welcomed();
      watcher.raw.send({ type: 'subscribe', topic: 'machines', ref: 1 });
      await watcher.raw.until('event');
      raw.send({ type: 'ping', id: 2 });
      expect((await raw.next('pong')).id).toBe(2);
    });

    test('refuses a topic that does not exist', async () => {
      const { raw } = await welcomed();
      raw.send({ type: 'subscribe', topic: 'elsewhere', ref: 3 });
      expect(await raw.next('error')).toMatchObject({
        code: 'unknown_topic',
        topic: 'elsewhere',
        ref: 3,
        ended: true,
      });
    });

    test('runs a command once, however often and on however many connections it comes', async () => {
      const watcher = await welcomed();
      watcher.raw.send({ type: 'subscribe', topic: 'machines', ref: 1 });
      await watcher.raw.next('subscribed');
      const before = await watcher.raw.next('snapshot');

      const clientId = randomUUID();
      const first = await welcomed({ client_id: clientId });
      const id = randomUUID();
      first.raw.send(switchOff(id, 'saw'), switchOff(id, 'saw', 2));
      const ack = await first.raw.next('command_ack');
      expect(ack).toEqual({ type: 'command_ack', id, result: { machine: 'saw', on: false } });
      expect(await first.raw.next('command_ack')).toEqual({ ...ack, duplicate: true });
      first.raw.destroy();
      const second = await welcomed({ client_id: clientId });
      expect(second.welcome.dedupe_since).toBeLessThanOrEqual(first.welcome.server_time);
      second.raw.send(switchOff(id, 'saw', 3));
      expect(await second.raw.next('command_ack')).toEqual({ ...ack, duplicate: true });

      // The machine went off once; each further event of it says the same, in its turn among the three.
      let { offset } = before;
      const states: boolean[] = [];
      while (states.filter((on) => !on).length < 3) {
        const event = await watcher.raw.next('event');
        expect(event.offset).toBe(++offset);
        if (event.key === 'machine:saw') states.push(event.event['on'] === true);
      }
      expect(states).toEqual(states.toSorted((a, b) => Number(b) - Number(a)));
    });

    test('runs the commands of one message in their order', async () => {
      const { raw } = await welcomed();
      const ids = Array.from({ length: 20 }, () => randomUUID());
      raw.send(...ids.map((id) => switchOff(id, 'lathe')));
      for (const id of ids) expect((await raw.next('command_ack')).id).toBe(id);
    });

    test('refuses a command that it does not know, or cannot read, for good', async () => {
      const { raw } = await welcomed();
      for (const command of [
        { type: 'explode' },
        { type: 'switch', machine: [], on: true },
        { type: 'switch' },
      ]) {
        const id = randomUUID();
        raw.send({ ...switchOff(id, 'saw'), command });
        expect(await raw.next('command_nack')).toMatchObject({ id, retry: false });
      }
    });

    test('answers a ping, and ignores what it does not know', async () => {
      const { raw } = await welcomed();
      raw.send({ type: 'of_a_later_version' }, { type: 'ping', id: 5, extra: true });
      expect(await raw.next('pong')).toEqual({ type: 'pong', id: 5 });
    });

    test('lets the newer connection of a client win, and runs nothing more for the older one', async () => {
      const clientId = randomUUID();
      const older = await welcomed({ client_id: clientId });
      const newer = await welcomed({ client_id: clientId });
      expect(await older.raw.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
      const id = randomUUID();
      older.raw.send(switchOff(id, 'press'));
      expect(await older.raw.closed).toBe(4409);
      newer.raw.send(switchOff(id, 'press', 2));
      expect(await newer.raw.next('command_ack')).not.toHaveProperty('duplicate');
    });

    test('lets the higher term win', async () => {
      const clientId = randomUUID();
      const newer = await welcomed({ client_id: clientId, term: 2 });
      const older = await client();
      older.send({ type: 'hello', client_id: clientId, app: 'test', app_version: 1, term: 1 });
      expect(await older.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
      expect(await older.closed).toBe(4409);
      newer.raw.send({ type: 'ping', id: 1 });
      await newer.raw.next('pong');
    });

    test.each([
      ['text that is not JSON', '{"type":'],
      ['a message that is no frame', '3'],
      ['a binary message', Buffer.from('{"type":"ping","id":1}')],
      ['a frame without its fields', '{"type":"subscribe"}'],
      ['a number that is none', '{"type":"ping","id":NaN}'],
      ['a number beyond all numbers', '{"type":"ping","id":1e400}'],
      ['an integer beyond 2^53', '{"type":"ping","id":9007199254740993}'],
      ['what is nested without end', '['.repeat(50_000)],
      ['a type that is no string', '{"type":["ping"],"id":1}'],
      ['a topic that is no name', '{"type":"subscribe","topic":{},"ref":1}'],
      ['a command without a type', `{"type":"command","id":"${randomUUID()}","command":{}}`],
      ['a command that is no object', `{"type":"command","id":"${randomUUID()}","command":[]}`],
      ['a second hello', `{"type":"hello","client_id":"${randomUUID()}","term":1}`],
    ])('says goodbye to %s', async (_what, message) => {
      const { raw } = await welcomed();
      raw.sendRaw(message);
      expect(await raw.next('goodbye')).toMatchObject({ code: 'bad_frame', retry: true });
      expect(await raw.closed).toBe(1002);
    });

    test('says goodbye to a client that begins without a hello', async () => {
      const raw = await client();
      raw.send({ type: 'ping', id: 1 });
      expect(await raw.next('goodbye')).toMatchObject({ code: 'bad_frame' });
      expect(await raw.closed).toBe(1002);
    });

    test('fails the handshake of another subprotocol, of none, and of another path', async () => {
      for (const options of [{ subprotocols: [] }, { subprotocols: ['another.v1'] }, { path: '/elsewhere' }])
        await expect(client(options)).rejects.toThrow('Unexpected server response: 400');
    });

    test('lets the later hello win at equal terms, whichever socket was opened first', async () => {
      const [first, second] = [await client(), await client()];
      const hello = { type: 'hello', client_id: randomUUID(), app: 'test', app_version: 1, term: 3 };
      second.send(hello);
      await second.next('welcome');
      first.send(hello);
      await first.next('welcome');
      expect(await second.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
    });

    test('remembers a term when its connection is gone', async () => {
      const clientId = randomUUID();
      const newer = await welcomed({ client_id: clientId, term: 2 });
      newer.raw.destroy();
      const older = await client();
      older.send({ type: 'hello', client_id: clientId, app: 'test', app_version: 1, term: 1 });
      expect(await older.next('goodbye')).toMatchObject({ code: 'superseded', retry: false });
      await welcomed({ client_id: clientId, term: 2 });
    });

    test('forgets what it knew when it is started anew, and says so', async () => {
      const first = await startSmallestServer(python);
      let second: PythonServer | undefined;
      try {
        const before = await open(first.url);
        clients.push(before);
        const hello = { type: 'hello', client_id: randomUUID(), app: 'test', app_version: 1, term: 1 };
        const subscribe = { type: 'subscribe', topic: 'machines', ref: 1 };
        before.send(hello, subscribe);
        const earlier = await before.next('welcome');
        const { epoch } = await before.next('subscribed');
        await first.stop();
        second = await startSmallestServer(python, { port: first.port });
        const after = await open(second.url);
        clients.push(after);
        after.send(hello, subscribe);
        expect((await after.next('welcome')).dedupe_since).toBeGreaterThan(earlier.server_time);
        expect((await after.next('subscribed')).epoch).not.toBe(epoch);
      } finally {
        await first.stop();
        await second?.stop();
      }
    });
  });
}
