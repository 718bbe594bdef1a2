import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Scene } from './scene.ts';

describe('of all tabs that hear of an event, its listener is called', () => {
  test('in a visible one, at once, and the others are told that it is taken', async () => {
    const scene = new Scene();
    const [hidden, visible] = [await scene.open(false), await scene.open()];
    scene.publish(1);
    await scene.pass(100);
    expect(scene.who(1)).toEqual([visible.number]);
    expect([hidden.told.get(1), visible.told.get(1)]).toEqual(['taken', 'taken']);
    await scene.pass(60_000);
    expect(scene.who(1)).toEqual([visible.number]);
  });

  test('in the one that was seen last, where none is visible', async () => {
    const scene = new Scene();
    const tabs = [await scene.open(), await scene.open(), await scene.open()];
    for (const index of [0, 2, 1]) await scene.hide(tabs[index] ?? expect.fail());
    scene.publish(1);
    await scene.pass(100);
    expect(scene.who(1)).toEqual([1]);
    tabs[0]?.page.setVisible(true);
    await scene.pass(10);
    scene.publish(2);
    await scene.pass(100);
    expect(scene.who(2)).toEqual([0]);
  });

  test('once, where two are visible since the same moment', async () => {
    const scene = new Scene();
    const tabs = [await scene.open(false), await scene.open(false)];
    for (const { page } of tabs) page.setVisible(true);
    await scene.pass(10);
    scene.publish(1);
    await scene.pass(60_000);
    expect(scene.who(1)).toHaveLength(1);
    expect(tabs.map(({ told }) => told.get(1))).toEqual(['taken', 'taken']);
  });

  test('not in one that hears of it only after it was taken', async () => {
    const scene = new Scene();
    const [late, first] = [await scene.open(false), await scene.open()];
    first.hear(1);
    await scene.pass(10_000);
    late.hear(1);
    await scene.pass(10_000);
    expect(scene.who(1)).toEqual([first.number]);
    expect(late.told.get(1)).toBe('taken');
  });

  test('and nothing is kept of it in the signal by which the listener leaves', async () => {
    const scene = new Scene();
    const tabs = [await scene.open(false), await scene.open()];
    for (let offset = 1; offset <= 5; offset++) scene.publish(offset);
    await scene.pass(100);
    for (const { left } of tabs) expect(getEventListeners(left.signal, 'abort')).toEqual([]);
  });

  test('in the only one, which waits for nobody', async () => {
    const scene = new Scene();
    await scene.open();
    scene.publish(1);
    await scene.pass(0);
    expect(scene.who(1)).toEqual([0]);
  });
});

describe('another tab has it', () => {
  test('where the better one has died: soon, and without delay from then on', async () => {
    const scene = new Scene();
    const [other, better] = [await scene.open(false), await scene.open()];
    better.page.crash();
    scene.publish(1);
    await scene.pass(1_100);
    expect(other.called).toEqual([1]);
    scene.publish(2);
    await scene.pass(100);
    expect(other.called).toEqual([1, 2]);
  });

  test('where the one that claimed it dies over it, and not before', async () => {
    const scene = new Scene();
    const [other, better] = [await scene.open(false), await scene.open()];
    better.work = 600_000;
    scene.publish(1);
    await scene.pass(30_000);
    expect(scene.who(1)).toEqual([better.number]);
    better.page.crash();
    await scene.pass(100);
    expect(scene.who(1)).toEqual([other.number, better.number]);
  });

  test('where the one that claimed it has not answered for 5 s; that one, once it goes on, takes no more', async () => {
    const scene = new Scene();
    const [other, better] = [await scene.open(false), await scene.open()];
    better.work = 2_000;
    scene.publish(1);
    await scene.pass(100);
    better.page.freeze();
    await scene.pass(12_000);
    expect(other.called).toEqual([1]);
    better.page.thaw();
    scene.publish(2);
    await scene.pass(10_000);
    expect([...scene.taken]).toEqual([1, 2]);
    expect(scene.who(2)).toHaveLength(1);
  });

  test('where the listener fails; each tab hears how its own fared', async () => {
    const scene = new Scene();
    const [other, better] = [await scene.open(false), await scene.open()];
    better.work = 'fails';
    scene.publish(1);
    await scene.pass(3_000);
    expect(scene.who(1)).toEqual([other.number, better.number]);
    expect([other.told.get(1), better.told.get(1)]).toEqual(['taken', 'failed']);
  });

  test('where all fail, it is open again: a critical event comes again', async () => {
    const scene = new Scene();
    const tab = await scene.open();
    tab.work = 'fails';
    scene.publish(1);
    await scene.pass(100);
    tab.work = 'at once';
    scene.publish(1);
    await scene.pass(100);
    expect(tab.called).toEqual([1, 1]);
    expect(scene.taken.has(1)).toBe(true);
  });

  test('where the better one goes into the back/forward cache; when that comes back, it hears nothing twice', async () => {
    const scene = new Scene();
    const [other, better] = [await scene.open(false), await scene.open()];
    scene.publish(1);
    better.page.enterCache();
    // It may have been granted the lock on its way there.
    await scene.pass(10_000);
    expect(scene.taken.has(1)).toBe(true);
    scene.publish(2);
    await scene.pass(3_000);
    expect(other.called).toContain(2);
    better.page.leaveCache();
    await scene.pass(3_000);
    scene.publish(3);
    await scene.pass(100);
    expect(scene.who(3)).toEqual([better.number]);
  });

  test('where the listener of the better one has left', async () => {
    const scene = new Scene();
    const [other, better] = [await scene.open(false), await scene.open()];
    other.hear(1);
    better.page.setVisible(false);
    better.hear(1);
    better.left.abort();
    await scene.pass(3_000);
    expect(scene.taken.has(1)).toBe(true);
    expect(scene.who(1)).toHaveLength(1);
  });
});
