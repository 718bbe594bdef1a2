import { afterEach, expect, vi } from 'vitest';
import * as z from 'zod';
import {
  type Client,
  type CreateClientOptions,
  createClient,
  type TrunklineError,
} from '../../../src/index.ts';
import { defineProtocol } from '../../../src/protocol/index.ts';
import { FakeHub, installPage } from './fake-hub.ts';

export const protocol = defineProtocol({
  app: 'ops',
  version: 3,
  events: {
    node: {
      schema: z.object({ id: z.string(), state: z.string() }),
      key: (e) => `node:${e.id}`,
      persist: true,
    },
    gate: { schema: z.object({ id: z.string() }), key: (e) => `gate:${e.id}`, critical: true },
    line: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    decide: {
      schema: z.object({ gate: z.string(), verdict: z.enum(['yes', 'no']) }),
      result: z.object({ at: z.iso.datetime().transform((text) => new Date(text)) }),
      priority: 'high',
      dedupe: (c) => c.gate,
    },
    turn: {
      schema: z.object({ knob: z.string(), by: z.number() }),
      replaces: ({ knob }) => {
        if (knob === '') throw new Error('no knob');
        return knob;
      },
    },
    note: { schema: z.object({ text: z.string() }) },
    refresh: { schema: z.object({}) },
  },
});
export type P = typeof protocol;

export interface Scene {
  readonly client: Client<P>;
  readonly page: ReturnType<typeof installPage>;
  readonly errors: TrunklineError[];
  readonly lines: string[];
  /** Every hub that the client started, oldest first; the newest is the one that it should be attached to. */
  readonly hubs: FakeHub[];
  /** The newest hub, once the client has attached to it. */
  attached(): Promise<FakeHub>;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A page with one client; each `options.worker()` is a new hub unless `shared` says that there is one for all. */
export function scene(
  options: Partial<CreateClientOptions> = {},
  next: (count: number) => FakeHub = () => new FakeHub(),
): Scene {
  const page = installPage();
  const hubs: FakeHub[] = [];
  const errors: TrunklineError[] = [];
  const lines: string[] = [];
  const client = createClient(protocol, {
    url: '/ws',
    identity: 'ann',
    worker: () => {
      const hub = next(hubs.length);
      if (!hubs.includes(hub)) hubs.push(hub);
      return hub.connect();
    },
    onError: (error) => errors.push(error),
    log: { debug: (message) => lines.push(message), warn: (message) => lines.push(message) },
    ...options,
  });
  cleanups.push(async () => {
    await client.close();
    for (const hub of hubs) hub.die();
    page.remove();
  });
  const attached = () =>
    until(() => {
      const hub = hubs.at(-1);
      if (!hub?.hasTab) throw new Error('no hub is attached yet');
      return hub;
    });
  return { client, page, errors, lines, hubs, attached };
}

export const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 20_000, interval: 5 });
export const untilEqual = <T>(read: () => T, wanted: unknown): Promise<void> =>
  until(() => expect(read()).toEqual(wanted));
