/** The engine on a real cluster of three nodes: what every engine must do, and what becomes of it where nodes fail. */
import { inspect } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type NatsEngineOptions, natsEngine } from '../../src/server/nats/index.ts';
import { dumpsOf } from '../../src/server/nats/stream.ts';
import type { Engine, LogRecord } from '../../src/server/replicated/engine.ts';
import { engineConformance } from '../conformance/engine.ts';
import { type NatsNode, startNatsCluster, USER } from './nats.ts';

let nodes: readonly NatsNode[];
let password: string;
const engines: Engine[] = [];
let streams = 0;
const nextStream = () => `log_${++streams}`;
const open = (options: Partial<NatsEngineOptions> & { stream: string }) => {
  const servers = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const engine = natsEngine({ servers, user: USER, password, ...options });
  engines.push(engine);
  return engine;
};
/** Tries until a leader of the stream answers. */
const append = async (engine: Engine, text: string): Promise<number> => {
  for (;;) {
    try {
      return (await engine.append(text)).position;
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
};
/** Of the dump of this position. */
const losePart = async (stream: string, position: number): Promise<void> => {
  const servers = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const connection = await connect({ servers, user: USER, pass: password });
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info(stream, { subjects_filter: `${stream}.part.${position}.>` });
  const filter = Object.keys(state.subjects ?? {}).find((subject) => subject.endsWith('.2'));
  if (filter === undefined) throw new Error(`there is no dump of ${position}`);
  await streams.purge(stream, { filter });
  await connection.close();
};

beforeAll(async () => {
  ({ nodes, password } = await startNatsCluster());
  // Until there is a leader no stream can be made.
  await append(open({ stream: 'first' }), 'a');
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});

engineConformance('the engine on NATS JetStream', {
  async create() {
    const stream = nextStream();
    const each = (act: (node: NatsNode) => void) => {
      for (const node of nodes) act(node);
    };
    return {
      open: async () => open({ stream }),
      halt: () => each((node) => node.pause()),
      goOn: () => each((node) => node.resume()),
      losePart: (position) => losePart(dumpsOf(stream), position),
    };
  },
});

describe('in a cluster whose nodes die', () => {
  it('loses nothing that was acknowledged, and lets all be heard once, in one order', async () => {
    const stream = nextStream();
    const [one, other] = [open({ stream }), open({ stream })];
    const heard: LogRecord[] = [];
    const following = other.follow(
      1,
      async (records) => {
        heard.push(...records);
      },
      () => {},
    );
    const acknowledged = new Map<number, string>();
    let isOver = false;
    const write = async (engine: Engine, name: string) => {
      for (let i = 0; !isOver; i++) acknowledged.set(await append(engine, `${name}${i}`), `${name}${i}`);
    };
    const writers = [one, one, other].map((engine, i) => write(engine, `${i}-`));
    for (const node of nodes) {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size).toBeGreaterThan(before + 100);
      node.kill();
      const dead = acknowledged.size;
      await expect.poll(() => acknowledged.size).toBeGreaterThan(dead + 100);
      await node.restart();
    }
    isOver = true;
    await Promise.all(writers);
    const newest = await one.newest();
    await expect.poll(() => heard.length).toBe(newest);
    await following.stop();
    expect(heard.map(({ position }) => position)).toEqual(heard.map((_, i) => i + 1));
    const lost = [...acknowledged].filter(([position, text]) => heard[position - 1]?.text !== text);
    expect(lost).toEqual([]);
  });
});

it('refuses a stream of its name that is another one, and says what of it', async () => {
  const stream = nextStream();
  await open({ stream, replicas: 1 }).newest();
  await expect(open({ stream, timeoutMs: 2_000 }).newest()).rejects.toMatchObject({
    reason: 'refused',
    cause: { message: expect.stringContaining('stream name already in use') },
  });
});

it('never tells the password', async () => {
  const secret = 'VerySecret';
  const failures: unknown[] = [];
  try {
    natsEngine({ servers: [`nats://ann:${secret}@127.0.0.1`] });
  } catch (error) {
    failures.push(error);
  }
  const engine = open({ stream: nextStream(), password: secret, timeoutMs: 2_000 });
  await engine.newest().catch((error) => failures.push(error));
  expect(failures).toHaveLength(2);
  for (const failure of failures) {
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain(secret);
  }
});
