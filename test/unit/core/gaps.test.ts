import { describe, expect, test } from 'vitest';
import { Disk } from '../../../testing/fakes/disk.ts';
import type { WorldTab } from '../../support/hub-world.ts';
import { item, line, node, TOPIC, TopicScene, texts, tsOf } from '../../support/topic-scene.ts';

const gapsOf = (tab: WorldTab) => {
  const status = tab.status(TOPIC);
  return status && 'gaps' in status ? status.gaps : null;
};
const reportsOf = (tab: WorldTab) =>
  tab.batches.flatMap(({ reports }) => reports ?? []).filter(({ kind }) => kind === 'error');

describe('what was missed and is lost', () => {
  test('because the history is too short is told by the status, the snapshot, a count and a report', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [item(3, node('a', 'up'))]);
    expect(tab && gapsOf(tab)).toBe(0);
    scene.reconnect(40_000);
    scene.answer({ offset: 99, missed: [item(98, line('x')), item(99, line('y'))], truncated: true });
    if (!tab) throw new Error('no tab');
    expect(gapsOf(tab)).toBe(1);
    expect(tab.snapshots(TOPIC).at(-1)).toMatchObject({ gap: true });
    expect(texts(tab.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['x', 'y']);
    expect(scene.world.report.counts.gaps).toBe(1);
    expect(reportsOf(tab)).toMatchObject([{ code: 'events_missing' }]);
    const late = scene.tab();
    expect([gapsOf(late), late.snapshots(TOPIC)[0]?.gap]).toEqual([0, undefined]);
  });

  test('is told of whichever part says it', () => {
    const scene = new TopicScene();
    const tab = scene.tab({ epoch: 'e1', offset: 3 });
    scene.world.socket.welcome();
    scene.subscribed({ offset: 9 });
    scene.snapshot({ offset: 9, part: 0, last: false, truncated: true });
    scene.snapshot({ offset: 9, part: 1, last: true });
    expect(gapsOf(tab)).toBe(1);
  });

  test('is told to a tab that was frozen meanwhile, when it comes back', () => {
    const scene = new TopicScene();
    scene.world.answersPings = true;
    const [, frozen] = scene.live(2, [item(3, node('a', 'up'))]);
    if (!frozen) throw new Error('no tab');
    frozen.autoCredit = false;
    scene.event(line('z'));
    scene.world.advance(5_000);
    scene.reconnect(40_000);
    scene.answer({ offset: 99, truncated: true });
    frozen.autoCredit = true;
    while (frozen.owing > 0) frozen.credit();
    expect(frozen.snapshots(TOPIC).at(-1)).toMatchObject({ ticket: null, gap: true });
    expect(gapsOf(frozen)).toBe(1);
  });

  test('because it is too large for the hub is told by the next event', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1);
    if (!tab) throw new Error('no tab');
    scene.event(line('before'));
    const message = 'event 2 does not fit';
    scene.world.socket.say({ type: 'error', code: 'too_large', message, topic: TOPIC, ended: false });
    expect(gapsOf(tab)).toBe(1);
    scene.offset++;
    scene.event(line('after'), { prev: 1, offset: 3 });
    scene.event(line('later'), { offset: 4 });
    expect(tab.events(TOPIC).map(({ gap }) => gap)).toEqual([undefined, true, undefined]);
    expect(reportsOf(tab)).toMatchObject([{ code: 'events_missing' }]);
  });

  test('because a tab comes back from further behind than the hub’s tail is told to that tab alone', () => {
    const scene = new TopicScene({ settings: { floodBuffer: 3, tailLimit: 4 } });
    const [other] = scene.live(1, [], 5);
    for (let i = 0; i < 14; i++) scene.event(line(`${i}`));
    const [back, near] = [scene.tab({ epoch: 'e1', offset: 5 }), scene.tab({ epoch: 'e1', offset: 15 })];
    scene.event(line('next'));
    expect(texts(back.snapshots(TOPIC)[0]?.missed ?? [])).toEqual(['10', '11', '12', '13']);
    expect(back.snapshots(TOPIC)).toMatchObject([{ gap: true }]);
    expect(other && reportsOf(other)).toMatchObject([{ code: 'events_missing' }]);
    expect(near.snapshots(TOPIC)[0]).not.toHaveProperty('gap');
    expect([back, near, other].map((tab) => tab && gapsOf(tab))).toEqual([1, 0, 0]);
    expect(scene.world.report.counts.gaps).toBe(1);
  });

  test('because a restored server gave its places anew, and the hub keeps none of these, is told to the tab that stood there', () => {
    const scene = new TopicScene({ settings: { tailLimit: 2 } });
    scene.live(1, [], 5);
    for (const offset of [6, 7, 8, 9, 10])
      scene.event(line(`${offset}`), { offset, ts: tsOf(offset) + 1_000 });
    const [before, after] = [0, 1_000].map((ms) => scene.tab({ epoch: 'e1', offset: 8, ts: tsOf(8) + ms }));
    expect([before, after].map((tab) => tab && gapsOf(tab))).toEqual([1, 0]);
    expect(before && texts(before.snapshots(TOPIC)[0]?.missed ?? [])).toEqual(['9', '10']);
  });

  test('is told to a tab of an earlier hub that lies behind both what was asked for and the server’s tail', () => {
    const scene = new TopicScene();
    const first = scene.tab({ epoch: 'e1', offset: 9 });
    scene.world.socket.welcome();
    const [behind, near] = [3, 6].map((offset) => scene.tab({ epoch: 'e1', offset }));
    const tail = [7, 8, 9, 10].map((offset) => item(offset, line(`${offset}`)));
    scene.answer({ offset: 10, events: tail, missed: tail.slice(3) });
    const tabs = [first, behind, near].filter((tab) => tab !== undefined);
    expect(tabs.map(gapsOf)).toEqual([0, 1, 0]);
    expect(tabs.map((tab) => tab.snapshots(TOPIC)[0]?.gap)).toEqual([undefined, true, undefined]);
    expect(tabs.flatMap(reportsOf)).toMatchObject([{ code: 'events_missing' }]);
  });

  test('is none for a tab of an earlier hub that lies behind others: what it lacks is asked for', () => {
    const disk = new Disk();
    disk.cursors.set(TOPIC, { topic: TOPIC, epoch: 'e1', offset: 9, lastSeen: tsOf(9), savedAt: 1 });
    const scene = new TopicScene({ disk });
    const tabs = [9, 3, 6].map((offset) => scene.tab({ epoch: 'e1', offset, ts: tsOf(offset) }));
    scene.world.socket.welcome();
    expect(scene.world.socket.sent('resync_request').map(({ cursor }) => cursor?.offset)).toEqual([3]);
    const missed = [4, 5, 6, 7, 8, 9, 10].map((offset) => item(offset, line(`${offset}`)));
    scene.answer({ offset: 10, events: [], missed });
    expect(tabs.map(gapsOf)).toEqual([0, 0, 0]);
    // Each takes of it what is new to it.
    for (const tab of tabs) expect(texts(tab.snapshots(TOPIC)[0]?.missed ?? [])).toHaveLength(7);
  });

  test('is told to a tab of an earlier hub where nothing of the server’s tail can be read', () => {
    const scene = new TopicScene();
    scene.tab();
    scene.world.socket.welcome();
    const broken = [5, 6].map((offset) => item(offset, { type: 'line', text: offset }));
    scene.answer({ offset: 6, events: [item(1, node('a', 'up')), ...broken] });
    const [behind, near] = [scene.tab({ epoch: 'e1', offset: 3 }), scene.tab({ epoch: 'e1', offset: 6 })];
    expect([behind, near].map(gapsOf)).toEqual([1, 0]);
  });

  test('is told once to a tab that stalled before it had all of the state', () => {
    const scene = new TopicScene({ settings: { tailLimit: 4 } });
    scene.world.answersPings = true;
    scene.live(1, [], 5);
    for (let i = 0; i < 14; i++) scene.event(line(`${i}`));
    const frozen = scene.world.attach();
    frozen.autoCredit = false;
    frozen.subscribe(TOPIC, { epoch: 'e1', offset: 5 });
    scene.world.advance(5_000);
    frozen.autoCredit = true;
    while (frozen.owing > 0) frozen.credit();
    expect(gapsOf(frozen)).toBe(1);
  });

  test('because a server sends no more than its state is told, and what that has of it is given', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [], 5);
    if (!tab) throw new Error('no tab');
    const tail = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => item(from + i, line(`${from + i}`)));
    scene.reconnect();
    scene.answer({ offset: 7, events: tail(4, 7) });
    expect(texts(tab.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['6', '7']);
    expect(gapsOf(tab)).toBe(0);
    scene.reconnect();
    scene.answer({ offset: 12, events: tail(9, 12) });
    expect(texts(tab.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['9', '10', '11', '12']);
    expect([gapsOf(tab), tab.snapshots(TOPIC).at(-1)?.gap]).toEqual([1, true]);
    expect(reportsOf(tab)).toMatchObject([{ code: 'events_missing' }]);
  });

  test('because a server that has begun anew does not say what came since is told', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [], 5);
    if (!tab) throw new Error('no tab');
    scene.reconnect();
    scene.answer({ epoch: 'e2', offset: 1, events: [item(1, line('1'))] });
    expect([gapsOf(tab), tab.snapshots(TOPIC).at(-1)?.missed]).toEqual([1, []]);
    scene.reconnect();
    const [one, two] = [item(1, line('1')), item(2, line('2'))];
    scene.answer({ epoch: 'e3', offset: 2, events: [one, two], missed: [two] });
    expect(texts(tab.snapshots(TOPIC).at(-1)?.missed ?? [])).toEqual(['2']);
    expect(gapsOf(tab)).toBe(1);
  });

  test('is not told where a server that has begun anew has nothing without a key', () => {
    const scene = new TopicScene();
    const [tab] = scene.live(1, [], 5);
    scene.reconnect();
    scene.answer({ epoch: 'e2', offset: 1, events: [item(1, node('a', 'up'))] });
    expect(tab && gapsOf(tab)).toBe(0);
  });

  test('is not told where of a state by key alone something cannot be read', () => {
    const scene = new TopicScene();
    scene.live(1, [{ ...item(4, { type: 'node', id: 'a', state: 4 }), key: 'a' }], 5);
    expect(gapsOf(scene.tab({ epoch: 'e1', offset: 3 }))).toBe(0);
  });

  test('is not told where the topic never had one without a key that the tab did not get', () => {
    const scene = new TopicScene({ settings: { tailLimit: 0 } });
    scene.live(1, [item(3, node('a', 'up'))], 5);
    for (let i = 0; i < 9; i++) scene.event(node('a', `${i}`));
    const back = scene.tab({ epoch: 'e1', offset: 1 });
    expect([gapsOf(back), back.snapshots(TOPIC)[0]?.gap]).toEqual([0, undefined]);
  });
});
