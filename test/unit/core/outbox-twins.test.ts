import { describe, expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import { HubWorld } from '../../support/hub-world.ts';
import { DURABLE, decide, IN_MEMORY, ops, start } from './ops.ts';

const offered = { command: { type: 'decide', gate: 'g' }, dedupeKey: 'g', priority: 'high' as const };

/** A decision lies in the store, of a hub that died; the next one cannot read it. */
function blind(options: { wasSent?: boolean } = {}) {
  const disk = new Disk();
  const before = start({ disk });
  const stored = decide(before.tab, 'g');
  expect(stored.pending.reply).toEqual(DURABLE);
  if (options.wasSent) before.world.socket.welcome();
  disk.failure = 'blocked';
  const world = new HubWorld(ops, { disk, ownershipId: 'hub-2' });
  const tab = world.attach();
  tab.subscribe('run:1');
  return { disk, stored: stored.id, world, tab };
}

/** The store is back, and so is the line: what is sent in the hub's whole life. */
function mend({ disk, world }: ReturnType<typeof blind>): string[] {
  disk.failure = null;
  world.advance(30_000);
  // To the name that the store has.
  if (world.socket.state !== 'open') world.socket.welcome();
  return world.sockets.flatMap((socket) => socket.sent('command')).map(({ id }) => id);
}

describe('a decision that was taken while the store could not be read, of a key that is pending in there', () => {
  test('is dropped, and told so, where it never left: what was stored first is sent', () => {
    const scene = blind();
    const { stored, tab, disk } = scene;
    const { id, pending } = decide(tab, 'g');
    expect(pending.reply).toEqual(IN_MEMORY);
    expect(mend(scene)).toEqual([stored]);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'dropped' } }]);
    const error = { code: 'duplicate_command', message: expect.stringContaining(stored) };
    expect(tab.outbox).toMatchObject([
      { id: stored, state: 'sent' },
      { id, state: 'dropped', error },
    ]);
    expect(disk.entries.get(id)?.fate.state).toBe('dropped');
    expect(disk.outcomes.get(id)?.outcome).toEqual({ status: 'dropped' });
  });

  test('is uncertain, and not sent, where an earlier hub was offered it', () => {
    const scene = blind();
    const { stored, tab } = scene;
    const { id } = tab.send({ ...offered, maybeSentMs: 1_000 });
    expect(mend(scene)).toEqual([stored]);
    expect(tab.settled).toEqual([{ id, outcome: { status: 'uncertain' } }]);
  });

  test.for([
    ['unanswered', 'dropped', false],
    ['accepted', 'dropped', false],
    ['unanswered', 'uncertain', true],
    ['accepted', 'uncertain', true],
  ] as const)('goes on where it was sent; it is %s, and the stored one is %s', ([how, end, wasSent]) => {
    const scene = blind({ wasSent });
    const { stored, world, tab, disk } = scene;
    const { id } = decide(tab, 'g');
    world.socket.welcome();
    if (how === 'accepted') world.socket.say({ type: 'command_ack', id });
    expect(new Set(mend(scene))).toEqual(new Set([id]));
    expect(tab.settled.find((settled) => settled.id === stored)).toEqual({
      id: stored,
      outcome: { status: end },
    });
    expect(disk.entries.get(stored)?.fate.state).toBe(end);
    // A person may still want it.
    world.socket.say({ type: 'command_ack', id });
    expect(tab.call({ method: 'retry', id: stored })).toEqual(DURABLE);
    expect(world.socket.sent('command').at(-1)).toMatchObject({ id: stored });
  });

  test('does not stand in the way of the stored one where the server has refused it', () => {
    const scene = blind();
    const { stored, world, tab } = scene;
    const { id } = decide(tab, 'g');
    world.socket.welcome();
    world.socket.say({ type: 'command_nack', id, code: 'no', message: 'No.', retry: false });
    expect(mend(scene)).toEqual([id, stored]);
  });

  test('leaves others of its type alone', () => {
    const scene = blind();
    const { stored, tab } = scene;
    const { id } = decide(tab, 'h', 'run:1');
    expect(mend(scene).toSorted()).toEqual([stored, id].toSorted());
    expect(tab.settled).toEqual([]);
  });
});
