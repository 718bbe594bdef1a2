/** What every `EventLog` must do; run against the ones in memory and in SQLite. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Admission,
  type ClientKey,
  type Committed,
  type EventLog,
  type From,
  type Happening,
  KEEP_MS,
  type LoggedEvent,
  type NewEvent,
} from '../../src/server/log/event-log.ts';
import { ENDED_KEEP_MS } from '../../src/server/log/projection.ts';

export interface EventLogFactory {
  /**
   * A log that holds nothing. `historyEvents`: how many events of a topic can be replayed at least; `endTopicsAfterMs`: how long
   * after its last event a topic ends by itself, by the beginning of its name.
   */
  create(options: { historyEvents: number; endTopicsAfterMs: Readonly<Record<string, number>> }): EventLog;
  /** The log after a restart of the process; left out where it forgets. */
  reopen?(log: EventLog): EventLog;
}

const NOW = 1_700_000_000_000;
const TAIL = 3;
const HISTORY = 10;
const DAY_MS = 24 * 60 * 60 * 1_000;
const AGES = { 'run:': DAY_MS, 'run:long:': 3 * DAY_MS };
const ALICE: ClientKey = { principal: 'alice', clientId: '00000000-0000-4000-8000-00000000000a' };
/** Of a command of hers, accepted by a server. */
const BY_ALICE = { ...ALICE, run: 'r' };
const BOB: ClientKey = { principal: 'bob', clientId: '00000000-0000-4000-8000-00000000000b' };

export function eventLogConformance(name: string, factory: EventLogFactory): void {
  describe(name, () => {
    let log: EventLog;
    beforeEach(async () => {
      log = factory.create({ historyEvents: HISTORY, endTopicsAfterMs: AGES });
      await log.open({ now: NOW, tailLimit: TAIL });
    });
    afterEach(async () => {
      await log.close();
    });

    const publish = async (topic: string, now: number, ...events: Partial<NewEvent>[]) => {
      const [committed] = await log.commit(
        [{ command: null, events: events.map((event) => newEvent(topic, event)) }],
        now,
      );
      return eventsOf(committed);
    };
    const admit = async (admission: Pick<Admission, 'client'> & Partial<Admission>) => {
      const [admitted] = await log.admit([{ term: 1, run: 'r', seen: 0, ...admission }], NOW);
      return admitted;
    };
    const offsets = (events: readonly LoggedEvent[]) => events.map(({ offset }) => offset);

    it('publishes what has a name once, also after a restart, and nothing else under its key', async () => {
      const events = [{ topic: 't', key: null, gone: false, critical: false, event: '{}', owedBy: [] }];
      const publish = async (digest: string) => {
        const publication = { key: 'k', digest };
        return (await log.commit([{ command: null, events, publication }], NOW))[0];
      };
      const first = await publish('d');
      const [{ epoch } = { epoch: '' }] = first?.status === 'committed' ? first.events : [];
      const repeated = { status: 'repeated', places: [{ topic: 't', epoch, offset: 1 }] };
      expect(await publish('d')).toEqual(repeated);
      expect(await publish('other')).toEqual({ status: 'key_reused' });
      expect((await log.state('t')).offset).toBe(1);
      if (!factory.reopen) return;
      await log.close();
      log = factory.reopen(log);
      await log.open({ now: NOW, tailLimit: TAIL });
      expect(await publish('d')).toEqual(repeated);
    });

    it('numbers the events of a topic from 1, each with the offset before it, and tells its epoch', async () => {
      const events = await publish('t', NOW, {}, {}, {});
      expect(offsets(events)).toEqual([1, 2, 3]);
      expect(events.map(({ prev }) => prev)).toEqual([0, 1, 2]);
      const { epoch } = await log.state('t');
      const [committed] = await log.commit([{ command: null, events: [newEvent('t', {})] }], NOW);
      expect(committed).toMatchObject({ status: 'committed', events: [{ topic: 't', epoch }] });
    });

    it('gives back every field of an event', async () => {
      const content = { key: 'k', gone: false, critical: true, event: '{"type":"x","text":"ä\\u0000"}' };
      const [written] = await publish('t', NOW, content);
      const { events } = await log.read('t', { after: 0 }, { first: 10 });
      expect(events).toEqual([{ ...content, offset: 1, prev: 0, ts: NOW }]);
      expect(written).toEqual(events[0]);
    });

    it('never lets the time of a topic go back', async () => {
      await publish('t', NOW + 5, {});
      const [later] = await publish('t', NOW, {});
      expect(later?.ts).toBe(NOW + 5);
    });

    it('counts the time at which it was opened as one that was told', async () => {
      const [run] = await log.runs();
      expect(await log.open({ now: NOW - 1_000, tailLimit: TAIL })).toMatchObject({ newestTime: NOW });
      expect((await log.runs()).filter(({ id }) => id !== run?.id)).toMatchObject([{ began: NOW }]);
    });

    it('knows a topic that nobody has published to, at offset 0, and keeps its epoch when somebody does', async () => {
      const before = await log.state('t');
      expect(before).toEqual({ epoch: before.epoch, offset: 0, ts: 0, events: [] });
      expect(await log.read('t', { after: 0 }, { first: 1 })).toMatchObject({ events: [], complete: true });
      await publish('t', NOW, {});
      expect((await log.state('t')).epoch).toBe(before.epoch);
    });

    it('keeps topics apart', async () => {
      await publish('a', NOW, {}, {});
      expect(offsets(await publish('b', NOW, {}))).toEqual([1]);
      expect((await log.state('a')).offset).toBe(2);
    });

    it('reads from an offset, the oldest or the newest', async () => {
      await publish('t', NOW, {}, {}, {}, {}, {});
      const first = await log.read('t', { after: 2 }, { first: 2 });
      expect(first).toMatchObject({ offset: 5, complete: true });
      expect(offsets(first.events)).toEqual([3, 4]);
      const last = await log.read('t', { after: 1 }, { last: 2 });
      expect(last.complete).toBe(false);
      expect(offsets(last.events)).toEqual([4, 5]);
      expect(await log.read('t', { after: 3 }, { last: 2 })).toMatchObject({ complete: true });
      expect(await log.read('t', { after: 5 }, { first: 2 })).toMatchObject({ events: [], complete: true });
      expect(await log.read('t', { after: 2 }, { first: 0 })).toMatchObject({ events: [], complete: true });
    });

    it('reads from a time: every event that is not older', async () => {
      await publish('t', NOW + 1, {});
      await publish('t', NOW + 2, {}, {});
      await publish('t', NOW + 4, {});
      const since = async (ts: number) => offsets((await log.read('t', { since: ts }, { last: 10 })).events);
      expect(await since(NOW + 1)).toEqual([1, 2, 3, 4]);
      expect(await since(NOW + 2)).toEqual([2, 3, 4]);
      expect(await since(NOW + 3)).toEqual([4]);
      expect(await since(NOW + 5)).toEqual([]);
      expect((await log.read('t', { since: NOW + 2 }, { last: 10 })).complete).toBe(true);
    });

    it('cannot tell what happened before it began', async () => {
      await publish('t', NOW + 1, {});
      expect((await log.read('t', { since: NOW - 1 }, { last: 10 })).complete).toBe(false);
    });

    it('says so where the history has forgotten a part', async () => {
      for (let i = 1; i <= 3 * HISTORY; i++) await publish('t', NOW + i, {});
      await log.prune(NOW + 100);
      const newest = 3 * HISTORY;
      const far = await log.read('t', { after: 1 }, { first: 100 });
      expect(far.complete).toBe(false);
      const near = await log.read('t', { after: newest - HISTORY }, { first: 100 });
      expect(near.complete).toBe(true);
      expect(near.events).toHaveLength(HISTORY);
      expect((await log.read('t', { since: NOW + 1 }, { last: 100 })).complete).toBe(false);
      expect((await log.read('t', { since: NOW + newest }, { last: 100 })).complete).toBe(true);
    });

    it('keeps the newest event of each key, and the newest ones without a key, in order', async () => {
      await publish('t', NOW, { key: 'a' }, {}, { key: 'b' }, {}, {}, {}, { key: 'a' });
      const { events, offset, ts } = await log.state('t');
      expect([offset, ts]).toEqual([7, NOW]);
      expect(offsets(events)).toEqual([3, 4, 5, 6, 7]);
    });

    it('forgets a key that is gone, until it comes again', async () => {
      await publish('t', NOW, { key: 'a' }, { key: 'a', gone: true });
      expect((await log.state('t')).events).toEqual([]);
      await publish('t', NOW, { key: 'a' });
      expect(offsets((await log.state('t')).events)).toEqual([3]);
    });

    it('keeps the state where the history has forgotten it', async () => {
      await publish('t', NOW, { key: 'a', event: '{"type":"old"}' }, {});
      for (let i = 1; i <= 3 * HISTORY; i++) await publish('t', NOW, { key: 'b' });
      await log.prune(NOW);
      const { events } = await log.state('t');
      expect(offsets(events)).toEqual([1, 2, 3 * HISTORY + 2]);
      expect(events[0]?.event).toBe('{"type":"old"}');
      const history = await log.read('t', { after: 0 }, { first: 1 });
      expect(history).toMatchObject({ complete: false });
      expect(history.events[0]?.offset).toBeGreaterThan(2);
    });

    it('begins a new epoch of all topics, with the events as they are, also of those that nobody has published to', async () => {
      await publish('t', NOW, { key: 'a' });
      const [{ epoch }, empty] = [await log.state('t'), await log.state('other')];
      await log.renew(NOW);
      const renewed = await log.state('t');
      expect(renewed.epoch).not.toBe(epoch);
      expect(offsets(renewed.events)).toEqual([1]);
      expect((await log.state('other')).epoch).not.toBe(empty.epoch);
    });

    it('keeps with a new epoch what a client has not acknowledged', async () => {
      await publish('t', NOW, { critical: true, owedBy: [ALICE] }, { critical: true, owedBy: [ALICE] });
      const before = await log.state('t');
      await log.renew(NOW);
      await log.acknowledge(ALICE, 't', before.epoch, [1]);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1, 2]);
      await log.acknowledge(ALICE, 't', (await log.state('t')).epoch, [1]);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([2]);
    });

    it('knows the time of the event at an offset, also of the newest one that it has forgotten', async () => {
      for (let i = 1; i <= 3 * HISTORY; i++) await publish('t', NOW + i, {});
      await log.prune(NOW);
      const oldest = (await log.read('t', { after: 0 }, { first: 1 })).events[0]?.offset ?? 0;
      const timeOf = async (after: number) => (await log.read('t', { after }, { first: 0 })).afterTs;
      expect(await timeOf(oldest)).toBe(NOW + oldest);
      expect(await timeOf(oldest - 1)).toBe(NOW + oldest - 1);
      expect(await log.read('t', { after: oldest - 1 }, { first: 0 })).toMatchObject({ complete: true });
      expect(await timeOf(0)).toBeNull();
      expect(await timeOf(3 * HISTORY + 1)).toBeNull();
      expect((await log.read('t', { since: NOW }, { first: 0 })).afterTs).toBeNull();
    });

    it('accepts an id once for each principal, and answers a repeat with the first result, changing nothing', async () => {
      const command = (principal: string, result: string | null) => ({
        command: { ...BY_ALICE, principal, id: 'i', result },
        events: [newEvent('t', {})],
      });
      const [first, repeat, other] = await log.commit(
        [command('alice', '{"n":1}'), command('alice', '{"n":2}'), command('bob', null)],
        NOW,
      );
      expect(first?.status).toBe('committed');
      expect(repeat).toEqual({ status: 'duplicate', result: '{"n":1}' });
      expect(other?.status).toBe('committed');
      expect((await log.state('t')).offset).toBe(2);
      expect(await log.recall({ principal: 'alice', id: 'i' })).toMatchObject({ result: '{"n":1}' });
      expect(await log.recall({ principal: 'bob', id: 'i' })).toMatchObject({ result: null });
      expect(await log.recall({ principal: 'alice', id: 'j' })).toBeNull();
    });

    it('knows the newest event of a key, unless that is gone', async () => {
      const [, second] = await publish(
        't',
        NOW,
        { key: 'a' },
        { key: 'a', event: '{"type":"y"}' },
        { key: 'b' },
      );
      expect(await log.latest('t', 'a')).toEqual(second);
      expect([await log.latest('t', 'c'), await log.latest('u', 'a')]).toEqual([null, null]);
      await publish('t', NOW, { key: 'a', gone: true });
      expect(await log.latest('t', 'a')).toBeNull();
    });

    it('commits nothing of a transaction that expects what is not so in its place, and its command may come again', async () => {
      await publish('t', NOW, { key: 'a' });
      const command = { ...BY_ALICE, id: 'i', result: null };
      await log.begin([command], NOW);
      const expecting = (offset: number, key = 'a') => ({
        command,
        events: [newEvent('t', { key: 'a' })],
        expects: [{ topic: 't', key, offset }],
      });
      const before = { command: null, events: [newEvent('t', { key: 'a' })] };
      const all = [before, expecting(1), expecting(0), expecting(1, 'never'), expecting(2), expecting(1)];
      const statuses = (await log.commit(all, NOW)).map(({ status }) => status);
      expect(statuses).toEqual([
        'committed',
        'unexpected',
        'unexpected',
        'unexpected',
        'committed',
        'duplicate',
      ]);
      expect((await log.latest('t', 'a'))?.offset).toBe(3);
    });

    it('tells an event that is expected from one of its offset after its topic has ended', async () => {
      await publish('t', NOW, { key: 'a' });
      const { epoch } = await log.state('t');
      const expecting = (of: string) => ({
        command: null,
        events: [],
        expects: [{ topic: 't', key: 'a', offset: 1, epoch: of }],
      });
      const statuses = async () =>
        (await log.commit([expecting(epoch), expecting((await log.state('t')).epoch)], NOW)).map(
          ({ status }) => status,
        );
      expect(await statuses()).toEqual(['committed', 'committed']);
      await log.endTopic('t', NOW);
      await publish('t', NOW, { key: 'a' });
      expect(await statuses()).toEqual(['unexpected', 'committed']);
    });

    it('takes a key that is gone, or never was, for one without events', async () => {
      await publish('t', NOW, { key: 'a' }, { key: 'a', gone: true });
      const expects = ['a', 'b'].map((key) => ({ topic: 't', key, offset: 0 }));
      const nowhere = [{ topic: 'u', key: 'a', offset: 0 }];
      const transaction = (all: typeof expects) => ({ command: null, events: [], expects: all });
      const committed = await log.commit([transaction(expects), transaction(nowhere)], NOW);
      expect(committed.map(({ status }) => status)).toEqual(['committed', 'committed']);
    });

    it('remembers ids since it was opened, for 7 days, and says where its memory ends', async () => {
      expect(await log.dedupeSince()).toBe(NOW);
      const accept = (id: string, at: number) =>
        log.commit([{ command: { ...BY_ALICE, id, result: null }, events: [] }], at);
      await accept('old', NOW);
      await accept('young', NOW + 5);
      await log.prune(NOW + KEEP_MS);
      expect(await log.recall({ principal: 'alice', id: 'old' })).not.toBeNull();
      await log.prune(NOW + KEEP_MS + 1);
      expect(await log.recall({ principal: 'alice', id: 'old' })).toBeNull();
      expect(await log.recall({ principal: 'alice', id: 'young' })).not.toBeNull();
      expect(await log.dedupeSince()).toBe(NOW + 1);
    });

    const ALICES = { principal: 'alice', id: 'i' };
    const accept = async () => {
      const [committed] = await log.commit(
        [{ command: { ...BY_ALICE, ...ALICES, result: '1' }, events: [newEvent('t', {})] }],
        NOW,
      );
      return committed;
    };

    it('knows that a command was begun, until it ends', async () => {
      const other = { principal: 'alice', id: 'j' };
      expect(await log.begin([ALICES, other], NOW)).toEqual([{ status: 'begun' }, { status: 'begun' }]);
      expect(await log.begin([ALICES], NOW)).toEqual([{ status: 'begun' }]);
      expect(await log.recall(ALICES)).toEqual({ status: 'begun' });
      expect(await log.recall({ ...ALICES, principal: 'bob' })).toBeNull();
      expect((await accept())?.status).toBe('committed');
      expect(await log.begin([ALICES, other], NOW)).toEqual([
        { status: 'accepted', result: '1' },
        { status: 'begun' },
      ]);
    });

    it('decides once whether a command is accepted or cancelled, and says whether it was begun', async () => {
      expect(await log.cancel(ALICES, NOW)).toEqual({ status: 'cancelled', begun: false });
      expect(await accept()).toEqual({ status: 'cancelled', begun: false });
      expect(await log.begin([ALICES], NOW)).toEqual([{ status: 'cancelled', begun: false }]);
      expect(await log.cancel(ALICES, NOW)).toEqual({ status: 'cancelled', begun: false });
      expect(await log.recall(ALICES)).toEqual({ status: 'cancelled', begun: false });
      expect((await log.state('t')).offset).toBe(0);

      const begun = { principal: 'alice', id: 'begun' };
      await log.begin([begun], NOW);
      expect(await log.cancel(begun, NOW)).toEqual({ status: 'cancelled', begun: true });
      expect(await log.recall(begun)).toEqual({ status: 'cancelled', begun: true });

      const accepted = { principal: 'bob', id: 'i' };
      await log.commit([{ command: { ...BY_ALICE, ...accepted, result: null }, events: [] }], NOW);
      expect(await log.cancel(accepted, NOW)).toEqual({ status: 'accepted', result: null });
    });

    it('remembers what was begun or cancelled for as long as what was accepted', async () => {
      const begun = { principal: 'alice', id: 'begun' };
      await log.begin([begun], NOW);
      await log.cancel(ALICES, NOW);
      await log.prune(NOW + KEEP_MS);
      expect([await log.recall(begun), await log.recall(ALICES)]).not.toContain(null);
      await log.prune(NOW + KEEP_MS + 1);
      expect([await log.recall(begun), await log.recall(ALICES)]).toEqual([null, null]);
      expect(await log.dedupeSince()).toBe(NOW + 1);
    });

    it('knows each run, from its beginning to the last time that it told, and forgets it after 7 days', async () => {
      const [first] = await log.runs();
      if (!first) throw new Error('there is no run');
      expect(first).toEqual({ id: expect.any(String), began: NOW, told: NOW });
      await log.tell(first.id, NOW + 20);
      const { run } = await log.open({ now: NOW + 10, tailLimit: TAIL });
      await log.tell(run, NOW + 30);
      // The former one is still at work.
      await log.tell(first.id, NOW + 40);
      const runs = [
        { ...first, told: NOW + 40 },
        { id: run, began: NOW + 20, told: NOW + 30 },
      ];
      expect(await log.runs()).toEqual(runs);
      await log.prune(NOW + KEEP_MS + 40);
      expect(await log.runs()).toEqual(runs.slice(0, 1));
    });

    it('forgets with a new epoch what was accepted before', async () => {
      expect(await log.dedupeSince()).toBe(NOW);
      await log.renew(NOW + 5_000);
      expect(await log.dedupeSince()).toBe(NOW + 5_000);
      await log.renew(NOW);
      expect(await log.dedupeSince()).toBe(NOW + 5_000);
    });

    it('gives a client id to the principal that used it first', async () => {
      expect(await admit({ client: ALICE })).toMatchObject({ status: 'admitted', time: NOW });
      expect(await admit({ client: { ...ALICE, principal: 'bob' } })).toEqual({ status: 'foreign' });
      expect(await admit({ client: ALICE })).toMatchObject({ status: 'admitted' });
    });

    it('knows with each admission that the run is at work', async () => {
      const [run] = await log.runs();
      await log.admit([{ client: ALICE, term: 1, run: run?.id ?? '', seen: 0 }], NOW + 7);
      expect(await log.runs()).toMatchObject([{ id: run?.id, told: NOW + 7 }]);
    });

    it('tells all who have opened it what is committed, who is admitted, whose rights end and which topics, in its order, before it answers', async () => {
      const heard: Happening[][] = [[], []];
      for (const all of heard) {
        const hear = (happenings: readonly Happening[]) =>
          all.push(...happenings.filter(({ kind }) => kind !== 'time'));
        await log.open({ now: NOW, tailLimit: TAIL, hear });
      }
      let toldBefore = 0;
      const event = newEvent('t', { critical: true, owedBy: [ALICE] });
      const committing = log.commit([{ command: null, events: [event, newEvent('u', {})] }], NOW);
      const [committed] = await committing.finally(() => {
        toldBefore = heard[0]?.length ?? 0;
      });
      const admitted = await admit({ client: ALICE });
      await log.disconnect('alice', 'r');
      await log.recheck('alice', 'r');
      await log.endTopic('t', NOW);
      await log.endTopic('t', NOW);
      expect(toldBefore).toBe(1);
      expect(heard[0]).toEqual([
        { kind: 'committed', events: committed?.status === 'committed' ? committed.events : [] },
        { kind: 'admitted', client: ALICE, run: 'r', position: expect.any(Number) },
        { kind: 'disconnected', principal: 'alice', run: 'r' },
        { kind: 'rechecked', principal: 'alice', run: 'r' },
        { kind: 'ended', topics: [{ topic: 't', epoch: (await log.state('t')).epoch }] },
      ]);
      expect(heard[0]?.[0]).toMatchObject({ events: [{ owedBy: [ALICE] }, { owedBy: [] }] });
      expect(admitted).toMatchObject({ status: 'admitted' });
      expect(heard[1]).toEqual(heard[0]);
    });

    it('knows for each client which critical events it has not acknowledged', async () => {
      await publish(
        't',
        NOW,
        { critical: true, owedBy: [ALICE, BOB] },
        { owedBy: [ALICE] },
        { critical: true },
      );
      const { epoch } = await log.state('t');
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1]);
      await log.owe(ALICE, 't', 'another epoch', [1, 3], 3, NOW);
      await log.owe(ALICE, 'u', epoch, [1, 3], 3, NOW);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1]);
      await log.owe(ALICE, 't', epoch, [1, 2, 3, 99], 3, NOW);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1, 3]);
      await log.acknowledge(ALICE, 't', 'another epoch', [1]);
      await log.acknowledge(ALICE, 'u', epoch, [1]);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1, 3]);
      await log.acknowledge(ALICE, 't', epoch, [1, 2, 77]);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([3]);
      expect(offsets(await log.owed(BOB, 't'))).toEqual([1]);
      await log.owe(ALICE, 't', epoch, [1], 1, NOW);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([3]);
    });

    it('knows which critical events a client was never asked to acknowledge: of those it is given, and of all beyond its debts', async () => {
      await publish('t', NOW, {}, ...Array.from({ length: 8 }, () => ({ critical: true })));
      const unrecorded = async (given: number[], from: From | null = null) =>
        offsets(await log.unrecorded(ALICE, 't', given, from));
      expect(await unrecorded([])).toEqual([]);
      expect(await unrecorded([1, 4, 2, 99])).toEqual([2, 4]);
      expect(await unrecorded([3], { after: 7 })).toEqual([3, 8, 9]);
      expect(await unrecorded([], { since: NOW + 1 })).toEqual([]);
      const { epoch } = await log.state('t');
      await log.owe(ALICE, 't', 'another epoch', [9], 9, NOW);
      await log.owe(ALICE, 't', epoch, [3, 5], 6, NOW);
      await log.acknowledge(ALICE, 't', epoch, [3]);
      // Whatever it is asked from.
      for (const from of [null, { after: 2 }, { after: 9 }, { since: NOW + 1 }])
        expect(await unrecorded([2, 3, 5], from)).toEqual([2, 7, 8, 9]);
      await log.owe(ALICE, 't', epoch, [7], 4, NOW);
      expect(await unrecorded([])).toEqual([8, 9]);
      expect(offsets(await log.unrecorded(BOB, 't', [], { since: NOW }))).toHaveLength(8);
      expect(await log.unrecorded(ALICE, 'u', [1], { after: 0 })).toEqual([]);
    });

    it('asks for none that is older than 7 days, and knows for as long up to where debts are recorded', async () => {
      await publish('t', NOW, { critical: true, key: 'a', owedBy: [ALICE] }, { critical: true, key: 'b' });
      await log.owe(ALICE, 't', (await log.state('t')).epoch, [1], 1, NOW);
      await publish('t', NOW + KEEP_MS, { critical: true });
      const unrecorded = async () => offsets(await log.unrecorded(ALICE, 't', [1, 2], { after: 2 }));
      expect(await unrecorded()).toEqual([3]);
      await log.prune(NOW + KEEP_MS + 1);
      expect(await unrecorded()).toEqual([3]);
      expect(offsets(await log.unrecorded(ALICE, 't', [], null))).toEqual([]);
    });

    it('keeps what is owed for 7 days, beyond the history', async () => {
      await publish('t', NOW, { critical: true, key: 'a', event: '{"type":"alarm"}', owedBy: [ALICE] });
      for (let i = 1; i <= 3 * HISTORY; i++) await publish('t', NOW, { key: 'a' });
      await log.prune(NOW + KEEP_MS);
      expect(await log.owed(ALICE, 't')).toMatchObject([{ offset: 1, event: '{"type":"alarm"}' }]);
      await log.prune(NOW + KEEP_MS + 1);
      expect(await log.owed(ALICE, 't')).toEqual([]);
    });

    it('does not ask again for critical events that are older than 7 days, though they are still state', async () => {
      await publish('t', NOW, { critical: true, key: 'a', owedBy: [ALICE] });
      await log.prune(NOW + KEEP_MS + 1);
      await log.owe(ALICE, 't', (await log.state('t')).epoch, [1], 1, NOW + KEEP_MS + 1);
      expect(await log.owed(ALICE, 't')).toEqual([]);
      expect(offsets((await log.state('t')).events)).toEqual([1]);
    });

    it('forgets all of a topic that ends, and goes on with it in an epoch that it never had', async () => {
      const epochs: string[] = [];
      for (const line of ['1', '2', '3']) {
        const event = `{"type":"${line}"}`;
        expect(offsets(await publish('t', NOW, { key: 'a', event }, {}))).toEqual([1, 2]);
        expect((await log.state('t')).events).toMatchObject([{ event }, { key: null }]);
        epochs.push((await log.state('t')).epoch);
        await log.endTopic('t', NOW);
        const { epoch } = await log.state('t');
        expect(await log.state('t')).toEqual({ epoch, offset: 0, ts: 0, events: [] });
        expect(epochs).not.toContain(epoch);
        const history = await log.read('t', { after: 0 }, { first: 9 });
        expect(history).toMatchObject({ epoch, offset: 0, events: [], complete: true });
      }
    });

    it('ends no other topic, and none that nobody has published to', async () => {
      await publish('u', NOW, { key: 'a' });
      const [t, u] = [await log.state('t'), await log.state('u')];
      await log.endTopic('t', NOW);
      expect([await log.state('t'), await log.state('u')]).toEqual([t, u]);
    });

    it('does not say that it has all since a time before the end of the topic', async () => {
      await publish('t', NOW, {}, {});
      await log.endTopic('t', NOW + 5);
      const since = async (ts: number) => (await log.read('t', { since: ts }, { last: 9 })).complete;
      expect([await since(NOW), await since(NOW + 5), await since(NOW + 6)]).toEqual([false, false, true]);
      await publish('t', NOW + 6, {});
      expect([await since(NOW + 5), await since(NOW + 6)]).toEqual([false, true]);
    });

    it('owes nothing of a topic that has ended, and takes no acknowledgement of before for one of after', async () => {
      await publish('t', NOW, { critical: true, owedBy: [ALICE, BOB] }, { critical: true, owedBy: [BOB] });
      await publish('u', NOW, { critical: true, owedBy: [ALICE] });
      const { epoch } = await log.state('t');
      await log.acknowledge(ALICE, 't', epoch, [1]);
      await log.endTopic('t', NOW);
      expect(await log.owed(BOB, 't')).toEqual([]);
      expect(offsets(await log.owed(ALICE, 'u'))).toEqual([1]);
      await publish('t', NOW, { critical: true, owedBy: [ALICE] }, { critical: true });
      expect(await log.owed(BOB, 't')).toEqual([]);
      await log.acknowledge(ALICE, 't', epoch, [1]);
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1]);
    });

    it('ends by itself what had no event for the age of its name, at a prune, and tells all who have opened it', async () => {
      const heard: Happening[] = [];
      const hear = (happenings: readonly Happening[]) =>
        heard.push(...happenings.filter(({ kind }) => kind === 'ended'));
      await log.open({ now: NOW, tailLimit: TAIL, hear });
      const topics = ['run:1', 'run:2', 'run:long:3', 'a run:'];
      for (const topic of topics) await publish(topic, NOW, { key: 'a' });
      await publish('run:2', NOW + 1, { key: 'b' });
      const { epoch: first } = await log.state('run:1');
      const ended = async (now: number) => {
        await log.prune(now);
        const states = await Promise.all(topics.map((topic) => log.state(topic)));
        return topics.filter((_, index) => states[index]?.offset === 0);
      };
      expect(await ended(NOW + DAY_MS)).toEqual([]);
      expect(await ended(NOW + DAY_MS + 1)).toEqual(['run:1']);
      expect(await ended(NOW + 3 * DAY_MS)).toEqual(['run:1', 'run:2']);
      expect(await ended(NOW + 3 * DAY_MS + 1)).toEqual(['run:1', 'run:2', 'run:long:3']);
      const { epoch } = await log.state('run:1');
      expect(epoch).not.toBe(first);
      expect(heard.map((one) => (one.kind === 'ended' ? one.topics.map(({ topic }) => topic) : []))).toEqual([
        ['run:1'],
        ['run:2'],
        ['run:long:3'],
      ]);
      expect(heard[0]).toMatchObject({ topics: [{ epoch }] });
    });

    it('does not let a topic end by itself that has a critical event of the last 7 days', async () => {
      await publish('run:1', NOW, { critical: true, owedBy: [ALICE] });
      await log.prune(NOW + KEEP_MS);
      expect(offsets(await log.owed(ALICE, 'run:1'))).toEqual([1]);
      await log.prune(NOW + KEEP_MS + 1);
      expect((await log.state('run:1')).offset).toBe(0);
    });

    it('remembers for 365 days that a topic has ended, and after that gives it no epoch that it had', async () => {
      await publish('t', NOW, {});
      const { epoch: first } = await log.state('t');
      await log.endTopic('t', NOW);
      const ended = await log.state('t');
      await log.prune(NOW + ENDED_KEEP_MS);
      expect(await log.state('t')).toEqual(ended);
      await publish('u', NOW, {});
      const { epoch: other } = await log.state('u');
      await log.prune(NOW + ENDED_KEEP_MS + 1);
      const { epoch } = await log.state('t');
      expect([first, ended.epoch]).not.toContain(epoch);
      // Of those that nobody has published to all have it; of others none.
      expect((await log.state('v')).epoch).toBe(epoch);
      expect((await log.state('u')).epoch).toBe(other);
      expect(offsets(await publish('t', NOW, {}))).toEqual([1]);
      expect((await log.state('t')).epoch).toBe(epoch);
    });

    it('refuses calls after it was closed', async () => {
      await log.close();
      await expect(log.state('t')).rejects.toThrow();
      await expect(log.commit([], NOW)).rejects.toThrow();
      await log.close();
    });

    const { reopen } = factory;
    if (!reopen) return;
    it('holds everything after a restart', async () => {
      await admit({ client: ALICE });
      await log.commit(
        [
          {
            command: { ...BY_ALICE, id: 'i', result: '1' },
            events: [newEvent('t', { critical: true, owedBy: [ALICE], key: 'a' }), newEvent('t', {})],
          },
        ],
        NOW + 3,
      );
      await publish('ended', NOW, {});
      await log.endTopic('ended', NOW);
      const state = await log.state('t');
      const unpublished = await log.state('u');
      const ended = await log.state('ended');
      const [begun, cancelled] = [
        { principal: 'alice', id: 'begun' },
        { principal: 'alice', id: 'cancelled' },
      ];
      await log.begin([begun], NOW);
      await log.cancel(cancelled, NOW);
      const [run] = await log.runs();
      await log.tell(run?.id ?? '', NOW + 500);
      log = reopen(log);
      expect(await log.open({ now: NOW + 1_000, tailLimit: TAIL })).toEqual({
        newestTime: NOW + 500,
        run: expect.any(String),
      });
      expect(await log.recall(begun)).toEqual({ status: 'begun' });
      expect(await log.recall(cancelled)).toEqual({ status: 'cancelled', begun: false });
      expect(await log.runs()).toMatchObject([{ ...run, told: NOW + 500 }, { began: NOW + 1_000 }]);
      expect(await log.state('t')).toEqual(state);
      expect(await log.state('u')).toEqual(unpublished);
      expect(await log.state('ended')).toEqual(ended);
      expect(await log.dedupeSince()).toBe(NOW);
      expect(await log.recall({ principal: 'alice', id: 'i' })).toMatchObject({ result: '1' });
      expect(await admit({ client: { ...ALICE, principal: 'bob' } })).toEqual({ status: 'foreign' });
      expect(offsets(await log.owed(ALICE, 't'))).toEqual([1]);
    });
  });
}

function newEvent(topic: string, event: Partial<NewEvent>): NewEvent {
  return { topic, key: null, gone: false, critical: false, event: '{"type":"x"}', owedBy: [], ...event };
}

function eventsOf(committed: Committed | undefined): LoggedEvent[] {
  if (committed?.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(committed)}`);
  return committed.events.map(({ event }) => event);
}
