import * as z from 'zod/mini';
import { defineProtocol } from '../../../src/protocol/index.ts';
import type { Connection } from '../../../src/protocol/model.ts';
import type { Disk } from '../../../testing/fakes/disk.ts';
import type { HubSettings } from '../../../worker/core/settings.ts';
import { HubWorld, type WorldTab } from '../../support/hub-world.ts';

/** A small application for the tests of the core. */
export const ops = defineProtocol({
  app: 'ops',
  version: 1,
  events: {
    node: { schema: z.object({ id: z.string(), state: z.string() }), key: (event) => event.id },
    note: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    decide: {
      schema: z.object({ gate: z.string() }),
      priority: 'high',
      dedupe: (command) => command.gate,
    },
    halt: { schema: z.object({ n: z.number() }), priority: 'high', overflow: 'drop_oldest' },
    remark: { schema: z.object({ n: z.number() }) },
    audit: { schema: z.object({ n: z.number() }), overflow: 'refuse' },
    aim: { schema: z.object({ knob: z.string(), n: z.number() }), replaces: (command) => command.knob },
    probe: { schema: z.object({ n: z.number() }), ttlMs: 5_000 },
  },
});

export interface Started {
  world: HubWorld;
  tab: WorldTab;
}

export function start(
  options: {
    settings?: Partial<HubSettings>;
    disk?: Disk;
    ownershipId?: string;
    now?: number;
    open?: boolean;
  } = {},
): Started {
  const world = new HubWorld(ops, options);
  return { world, tab: world.attach() };
}

/** With a subscriber, so that the connection is wanted, and welcomed; the topic is empty. */
export function connect(options: Parameters<typeof start>[0] = {}): Started {
  const started = start(options);
  started.tab.subscribe('run:1');
  started.world.socket.welcome();
  giveEmpty(started.world, 'run:1');
  return started;
}

/** Answers the newest request for a topic: there is nothing in it. */
export function giveEmpty(world: HubWorld, topic: string): void {
  const ref = world.socket.sent('resync_request').findLast((frame) => frame.topic === topic)?.ref ?? -1;
  const at = { topic, ref, epoch: 'e', offset: 0 };
  world.socket.say(
    { type: 'subscribed', ...at, recovered: false },
    { type: 'snapshot', ...at, ts: 0, part: 0, last: true, events: [] },
  );
}

/** Lets the time pass until the next attempt. */
export function awaitRetry({ world, tab }: Started): void {
  world.advance((closedOf(tab).retryAt ?? Number.NaN) - world.now);
}

export function decide(tab: WorldTab, gate: string, topic: string | null = null) {
  return tab.send({ command: { type: 'decide', gate }, priority: 'high', dedupeKey: gate, topic });
}

export function remark(tab: WorldTab, n: number, topic: string | null = null) {
  return tab.send({ command: { type: 'remark', n }, topic });
}

/** Of which the newest of each knob wins. */
export function aim(
  tab: WorldTab,
  knob: string,
  n: number,
  also: Partial<Parameters<WorldTab['send']>[0]> = {},
) {
  return tab.send({ command: { type: 'aim', knob, n }, replaceKey: knob, topic: 'run:1', ...also });
}

/** What `send` replied to a command that is safe. */
export const DURABLE = { ok: true, value: { durable: true } };
export const IN_MEMORY = { ok: true, value: { durable: false } };

/** The connection as a tab sees it, which must be closed. */
export function closedOf(tab: WorldTab): Connection & { state: 'closed' } {
  const { connection } = tab;
  if (connection?.state !== 'closed') throw new Error(`the connection is ${connection?.state}, not closed`);
  return connection;
}
