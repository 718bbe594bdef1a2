import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type Engine, type NewEvent, replicatedLog, type Server } from 'trunkline/server';
import { postgresEngine } from 'trunkline/server/postgres';
import { WebSocket } from 'ws';
import { type BenchProtocol, protocol } from '../pages/common/protocol.ts';
import { type DatabaseCase, type DatabaseScene, type Figures, FLAWLESS } from '../run/scene.ts';
import { now } from '../shared/clock.ts';
import { median } from '../shared/quantile.ts';

const EVENTS = 10_000;
/** As many are not answered yet at any time. */
const IN_FLIGHT = 64;
const ALONE = 100;
const CLIENTS = 1_000;
const TOPIC = 'feed';
const PAD = 'x'.repeat(150);

/** Two servers on one log in PostgreSQL, with a synchronous standby; against two engines, one that appends and one that follows. */
export const sharedLog: DatabaseCase = {
  name: 'shared-log',
  title: 'Two servers on one log in PostgreSQL, whose commits wait for a standby',
  figures: [
    {
      name: 'perSecond',
      title: `events per second of the log, ${IN_FLIGHT} under way, until the other server's has the last one`,
      unit: 'per second',
      better: 'higher',
    },
    {
      name: 'delay',
      title: 'from `publish` to a subscriber of the other server',
      unit: 'ms',
      better: 'lower',
    },
    { name: 'admission', title: 'a client connects, until its welcome', unit: 'ms', better: 'lower' },
    {
      name: 'admissions',
      title: `${CLIENTS.toLocaleString('en')} of them at once`,
      unit: 'ms',
      better: 'lower',
    },
  ],
  run: async (scene) => (scene.contender.name === 'bare-append' ? await bare(scene) : await served(scene)),
};

async function bare(scene: DatabaseScene): Promise<Figures> {
  await using defer = new AsyncDisposableStack();
  const [one, other] = [engineOf(scene), engineOf(scene)];
  defer.defer(() => one.close());
  defer.defer(() => other.close());
  const heard = new Heard();
  const from = (await one.newest()) + 1;
  const following = other.follow(
    from,
    async (records) => heard.add(records.length),
    () => {},
  );
  defer.defer(() => following.stop());
  const append = (n: number) => one.append(entryText(n));
  const perSecond = await rateOf(append, heard, scene.quick);
  return { values: { perSecond, delay: await delayOf(append, heard) }, flaws: FLAWLESS };
}

async function served(scene: DatabaseScene): Promise<Figures> {
  const perSecond = await rateOfLogs(scene);
  await using defer = new AsyncDisposableStack();
  const [one, other] = [await serve(scene), await serve(scene)];
  defer.defer(() => one.close());
  defer.defer(() => other.close());
  const heard = new Heard();
  const isSubscribed = Promise.withResolvers<void>();
  const subscriber = await connect(other.url, (text) => {
    if (text.includes('"type":"snapshot"')) isSubscribed.resolve();
    heard.add(text.split('"type":"event"').length - 1);
  });
  defer.defer(() => subscriber.terminate());
  subscriber.send(JSON.stringify({ type: 'resync_request', topic: TOPIC, ref: 1, last_seen: null }));
  await isSubscribed.promise;
  const publish = (n: number) => one.server.publish(TOPIC, { type: 'tick', ...fieldsOf(n) });
  const delay = await delayOf(publish, heard);
  const waits: number[] = [];
  for (let n = 0; n < ALONE; n++) {
    const start = now();
    const client = await connect(other.url);
    waits.push(now() - start);
    client.terminate();
  }
  const start = now();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(other.url)));
  const admissions = now() - start;
  for (const client of clients) client.terminate();
  return { values: { perSecond, delay, admission: median(waits), admissions }, flaws: FLAWLESS };
}

/** Of the logs alone, as two servers have them, without anything around them. */
async function rateOfLogs(scene: DatabaseScene): Promise<number> {
  await using defer = new AsyncDisposableStack();
  const [one, other] = [0, 1].map(() => replicatedLog({ engine: engineOf(scene) }));
  if (!one || !other) throw new Error('there are two');
  defer.defer(() => one.close());
  defer.defer(() => other.close());
  const heard = new Heard();
  await one.open({ now: 0, tailLimit: 100 });
  await other.open({
    now: 0,
    tailLimit: 100,
    hear: (happenings) =>
      heard.add(happenings.flatMap((one) => (one.kind === 'committed' ? one.events : [])).length),
  });
  const commit = (n: number) => one.commit([{ command: null, events: [eventOf(n)] }], 0);
  return await rateOf(commit, heard, scene.quick);
}

/** A second, until the last one is heard of. */
async function rateOf(add: (n: number) => Promise<unknown>, heard: Heard, quick: boolean): Promise<number> {
  const count = quick ? EVENTS / 10 : EVENTS;
  const inARow = async (events: number) => {
    const due = heard.count + events;
    const start = now();
    let next = 0;
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (next < events) await add(next++);
      }),
    );
    await heard.until(due);
    return (events * 1_000) / (now() - start);
  };
  await inARow(count / 10);
  return await inARow(count);
}

/** Milliseconds until one that is under way alone is heard of. */
async function delayOf(add: (n: number) => Promise<unknown>, heard: Heard): Promise<number> {
  const delays: number[] = [];
  for (let n = 0; n < ALONE; n++) {
    const due = heard.count + 1;
    const start = now();
    const [, at] = await Promise.all([add(n), heard.until(due)]);
    delays.push(at - start);
  }
  return median(delays);
}

/** How many have come. */
class Heard {
  count = 0;
  #due = Infinity;
  #come: (at: number) => void = () => {};

  add(count: number): void {
    this.count += count;
    if (this.count >= this.#due) this.#come(now());
  }

  /** Resolves with the time at which there were so many. */
  async until(due: number): Promise<number> {
    if (this.count >= due) return now();
    return await new Promise((resolve) => {
      this.#due = due;
      this.#come = (at) => {
        this.#due = Infinity;
        resolve(at);
      };
    });
  }
}

function engineOf({ url, password, schema }: DatabaseScene): Engine {
  return postgresEngine({ url, password, schema });
}

interface Serving {
  readonly server: Server<BenchProtocol>;
  readonly url: string;
  close(): Promise<void>;
}

async function serve(scene: DatabaseScene): Promise<Serving> {
  const server = createServer(protocol, {
    log: replicatedLog({ engine: engineOf(scene) }),
    allowedOrigins: ['none'],
    commands: { note: () => {}, decision: () => {} },
    limits: { connectionsPerAddress: 2 * CLIENTS, handshakeMs: 60_000 },
  });
  await server.ready();
  const http = createHttpServer();
  server.attach(http);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    server,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      await server.close({ drainMs: 0 });
      http.close();
      http.closeAllConnections();
    },
  };
}

/** Resolves once it is welcomed. */
async function connect(url: string, hear: (text: string) => void = () => {}): Promise<WebSocket> {
  const socket = new WebSocket(url, 'trunkline.v1');
  await once(socket, 'open');
  const welcomed = new Promise<void>((resolve, reject) => {
    socket.on('message', (data) => {
      const text = String(data);
      if (text.includes('"type":"welcome"')) resolve();
      if (text.includes('"type":"goodbye"')) reject(new Error(`the server refused: ${text}`));
      hear(text);
    });
    socket.on('close', () => reject(new Error('the server closed the connection')));
  });
  socket.send(
    JSON.stringify({ type: 'hello', client_id: randomUUID(), app: 'bench', app_version: 1, term: 1 }),
  );
  await welcomed;
  return socket;
}

function fieldsOf(n: number) {
  return { n, at: 0, key: 'k', pad: PAD };
}

/** As long as what the log writes of one event. */
function entryText(n: number): string {
  return JSON.stringify({
    kind: 'commit',
    content: { transactions: [{ command: null, events: [eventOf(n)] }] },
  });
}

function eventOf(n: number): NewEvent {
  const event = JSON.stringify({ type: 'tick', ...fieldsOf(n) });
  return { topic: TOPIC, key: null, gone: false, critical: false, event, owedBy: [] };
}
