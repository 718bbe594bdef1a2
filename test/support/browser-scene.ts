import * as z from 'zod';
import { createClientOn } from '../../src/client/create-client.ts';
import type { Client, Connection } from '../../src/index.ts';
import { defineProtocol } from '../../src/protocol/index.ts';
import type { AnyProtocol } from '../../src/protocol/types.ts';
import { FakeBrowser } from '../../testing/fakes/browser.ts';
import { ManualClock } from '../../testing/fakes/clock.ts';
import { FakeNetwork } from '../../testing/fakes/network.ts';
import type { FakePage } from '../../testing/fakes/page.ts';
import { ScriptedServer } from '../../testing/server.ts';
import { TaskQueue } from '../../testing/task-queue.ts';
import type { HubSettings } from '../../worker/core/settings.ts';

const decide = { schema: z.object({ gate: z.string() }), priority: 'high' as const };
const remind = { schema: decide.schema, ttlMs: 5_000 };
const definition = {
  app: 'ops',
  events: {
    gate: {
      schema: z.object({ id: z.string(), state: z.string() }),
      key: ({ id }: { id: string }) => id,
    },
    line: { schema: z.object({ text: z.string() }) },
  },
};
/** It does not know of lines yet. */
export const OLDER = defineProtocol({
  app: 'ops',
  version: 1,
  events: { gate: definition.events.gate },
  commands: { decide },
});
export const PROTOCOL = defineProtocol({ ...definition, version: 1, commands: { decide, remind } });
/** Its gates are kept on the device. */
export const KEPT = defineProtocol({
  ...definition,
  version: 1,
  events: { ...definition.events, gate: { ...definition.events.gate, persist: true } },
  commands: { decide, remind },
});
export const NEWER = defineProtocol({ ...definition, version: 2, commands: { decide } });
/** It asks more of a decision than an older build gave. */
export const STRICTER = defineProtocol({
  ...definition,
  version: 3,
  commands: { decide: { ...decide, schema: z.object({ gate: z.string(), reason: z.string() }) } },
});
export type P = typeof PROTOCOL;

export interface SceneTab {
  readonly client: Client<P>;
  readonly page: FakePage;
  readonly connections: Connection[];
  readonly errors: string[];
  /** What `log: 'debug'` shows. */
  readonly debug: string[];
  /** What every log shows. */
  readonly warnings: string[];
  /** The gates that it shows, as `id state`. */
  gates(): string[];
  /** The lines that it was given, in order. */
  readonly lines: string[];
  /** The outbox as it shows it: `state` of each. */
  outbox(): string[];
  settled(): string[];
}

/** Several hubs of one browser, in hand-made time, before a real server's logic. */
export class BrowserScene {
  readonly clock = new ManualClock();
  readonly network = new FakeNetwork(this.clock);
  readonly browser = new FakeBrowser(this.clock, this.network);
  readonly server: ScriptedServer<P>;
  readonly errors: unknown[] = [];
  /** Whom the server takes this browser for. */
  principal = 'anonymous';
  /** Whether the server takes this token. */
  letsIn: (token: string | undefined) => boolean = () => true;

  constructor() {
    const queue = new TaskQueue(this.clock, (work) => work());
    this.clock.stirred = () => {};
    const world = { clock: this.clock, network: this.network, queue };
    const authenticate = (token: string | undefined) => (this.letsIn(token) ? this.principal : null);
    this.server = new ScriptedServer<P>(PROTOCOL, { authenticate }, world, (error) =>
      this.errors.push(error),
    );
  }

  /** @param script of a SharedWorker that all its pages share; `null`: the page has a worker of its own. */
  async tab(
    script: string | null,
    protocol: AnyProtocol = PROTOCOL,
    settings: Partial<HubSettings> = {},
    {
      background = false,
      outlivesMs = 0,
      token,
    }: { background?: boolean; outlivesMs?: number; token?: () => string } = {},
  ): Promise<SceneTab> {
    const hub = () => ({ protocol, settings, outlivesMs });
    const page = script === null ? this.browser.pageAlone(hub) : this.browser.page(script, hub);
    const errors: string[] = [];
    const debug: string[] = [];
    const warnings: string[] = [];
    const client = createClientOn(page, protocol as P, {
      url: '/ws',
      identity: 'ann',
      background,
      ...(token && { token }),
      log: { debug: (line) => debug.push(line), warn: (line) => warnings.push(line) },
      worker: () => {
        throw new Error('the page starts its own');
      },
      onError: (error) => errors.push(`${error.code}: ${error.message}`),
    });
    const connections: Connection[] = [];
    client.connection.subscribe((now) => connections.push(now));
    client.outbox.subscribe(() => {});
    const latest = client.topic('run').latest('gate');
    latest.subscribe(() => {});
    const lines: string[] = [];
    client.topic('run').on('line', ({ text }) => lines.push(text));
    const settled: string[] = [];
    client.outbox.onSettled(({ outcome }) => settled.push(outcome.status));
    await this.pass(0);
    return {
      client,
      page,
      connections,
      errors,
      debug,
      warnings,
      lines,
      gates: () => [...latest.get().values()].map(({ id, state }) => `${id} ${state}`),
      outbox: () => client.outbox.get().map(({ state }) => state),
      settled: () => settled,
    };
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async emit(id: string, state = 'open'): Promise<void> {
    await this.server.emit('run', { type: 'gate', id, state });
    await this.pass(20);
  }

  async say(text: string): Promise<void> {
    await this.server.emit('run', { type: 'line', text });
    await this.pass(20);
  }

  /** Sockets that the server holds for connected. */
  get sockets(): number {
    return this.network.wires.filter(({ isAccepted }) => isAccepted).length;
  }

  /** The gates that were decided, in the order in which the server was asked to. */
  get decided(): string[] {
    return this.server.received.map(({ command }) => command.gate);
  }
}

export async function roleOf({ client }: SceneTab, scene: BrowserScene): Promise<string> {
  let state = 'no answer';
  client.inspect().then(
    ({ role }) => {
      state = role.state;
    },
    (error) => {
      state = String(error);
    },
  );
  await scene.pass(10);
  return state;
}
