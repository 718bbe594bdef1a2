/** What a cluster's log lies on: the nodes of its engine, and what can happen to them. */
import { setTimeout as wait } from 'node:timers/promises';
import { natsEngine } from '../../../src/server/nats/index.ts';
import { postgresEngine } from '../../../src/server/postgres/index.ts';
import type { Engine } from '../../../src/server/replicated/engine.ts';
import * as nats from '../nats.ts';
import * as postgres from '../postgres.ts';

/** How a process reaches the engine. */
export type EngineRequest =
  | { readonly engine: 'postgres'; readonly url: string; readonly password: string }
  | { readonly engine: 'nats'; readonly servers: readonly string[]; readonly password: string };

export interface EngineNodes {
  /** @param ways to the nodes, each a port on this machine */
  request(ways: readonly number[]): EngineRequest;
  /** Of the nodes that a process may ask, as many as there are. */
  readonly ports: readonly (() => number)[];
  /** Each begins and ends by itself. */
  readonly faults: Readonly<Record<string, () => Promise<void>>>;
  stop(): Promise<void>;
}

const TIMEOUT_MS = 3_000;
const STREAM = 'trunkline';

export function engineBy(request: EngineRequest): Engine {
  const { password } = request;
  if (request.engine === 'nats')
    return natsEngine({ servers: request.servers, user: nats.USER, password, stream: STREAM });
  return postgresEngine({ url: request.url, password, timeoutMs: TIMEOUT_MS });
}

/** @param some waits for a moment of chance, of so many milliseconds at most */
type Some = (mostMs: number) => Promise<void>;

/** A primary and its synchronous standby; whichever dies is replaced. */
export async function postgresNodes(some: Some): Promise<EngineNodes> {
  let primary = await postgres.PostgresServer.start();
  let standby = await primary.addSynchronousStandby();
  const { password } = primary;
  const port = (place: number) => () =>
    [primary, standby].map((node) => node.port).sort((a, b) => a - b)[place] ?? 0;
  return {
    ports: [port(0), port(1)],
    request: (ways) => {
      const hosts = ways.map((way) => `127.0.0.1:${way}`).join(',');
      return { engine: 'postgres', url: `postgres://${postgres.USER}@${hosts}/postgres`, password };
    },
    faults: {
      'the standby is killed': async () => {
        standby.kill();
        await some(3_000);
        await standby.restart();
      },
      'the primary is killed and the standby promoted': async () => {
        const dead = primary;
        dead.kill();
        await some(2_000);
        await standby.promote();
        primary = standby;
        await dead.stop();
        standby = await primary.addSynchronousStandby();
      },
      'the primary stands still': async () => {
        primary.pause();
        await some(5_000);
        primary.resume();
      },
    },
    async stop() {
      await Promise.all([primary.stop(), standby.stop()]);
    },
  };
}

/** Longer than the nodes wait for their leader. */
const LEADER_PAUSED_MS = 9_000;

/**
 * Three nodes with JetStream.
 *
 * @param pauseLeader whether the stream's leader stands still, and nothing else happens: the engine's promise ends there
 */
export async function natsNodes(some: Some, pauseLeader: boolean): Promise<EngineNodes> {
  const cluster = await nats.startNatsCluster();
  const { nodes, password } = cluster;
  let turn = 0;
  const whereNodesDie = {
    'a node of the engine is killed': async () => {
      turn += 1;
      const node = nodes[turn % nodes.length];
      node?.kill();
      await some(3_000);
      await node?.restart();
      // Two of three must be there at any time, with what the third one missed.
      await some(5_000);
    },
  };
  const whereLeaderIsPaused = {
    "the stream's leader stands still": async () => {
      const name = await nats.leaderOf(STREAM, cluster);
      const leader = nodes.find((node) => node.name === name);
      if (!leader) throw new Error('the stream has no leader');
      leader.pause();
      await wait(LEADER_PAUSED_MS);
      await some(3_000);
      leader.resume();
    },
  };
  return {
    ports: nodes.map(
      ({ port }) =>
        () =>
          port,
    ),
    request: (ways) => ({ engine: 'nats', servers: ways.map((way) => `127.0.0.1:${way}`), password }),
    faults: pauseLeader ? whereLeaderIsPaused : whereNodesDie,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
