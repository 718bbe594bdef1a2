import { describe, expect, test } from 'vitest';
import type { ServerFrameOf } from '../../../src/protocol/frames/index.ts';
import { item, line, node, TOPIC, TopicScene, texts, tsOf } from '../../support/topic-scene.ts';

const SIXTEEN_MI = 16 * 1024 * 1024;

/** One part of the answer to the newest request, as a message that is as large as the hub takes. */
function part(scene: TopicScene, n: number, fields: Partial<ServerFrameOf['snapshot']> = {}): void {
  const { topic, ref } = scene.request;
  const at = { topic, ref, epoch: scene.epoch, offset: 20, ts: tsOf(20), part: n, last: false, events: [] };
  const text = JSON.stringify({ type: 'snapshot', ...at, ...fields });
  scene.world.socket.text(text + ' '.repeat(SIXTEEN_MI - text.length));
}

function tooLarge(scene: TopicScene): void {
  scene.subscribed({ offset: 20 });
  for (let n = 0; n < 5; n++) part(scene, n);
}

describe('a snapshot beyond 64 Mi characters', () => {
  test('is asked for again without what was missed, and the topic is live', () => {
    const scene = new TopicScene();
    const tab = scene.tab({ epoch: 'e1', offset: 7 });
    scene.world.socket.welcome();
    expect(scene.request).toMatchObject({ type: 'resync_request', cursor: { offset: 7 } });
    tooLarge(scene);
    expect(scene.requests).toHaveLength(2);
    const { topic, ref } = scene.request;
    // Not even where from: a server that does not know `missed` would count from there.
    expect(scene.request).toEqual({ type: 'resync_request', topic, ref, last_seen: null, missed: false });
    scene.answer({ offset: 20, events: [item(20, node('a', 'up'))] });
    expect(tab.status(TOPIC)).toMatchObject({ state: 'live', offset: 20 });
    scene.wait(600_000);
    expect(scene.requests).toHaveLength(2);
  });

  test('without what was missed as well is refused, and ends at the server', () => {
    const scene = new TopicScene();
    const tab = scene.tab();
    scene.world.socket.welcome();
    tooLarge(scene);
    tooLarge(scene);
    expect(tab.status(TOPIC)).toMatchObject({ state: 'refused', code: 'too_large' });
    expect(scene.world.socket.sent('unsubscribe')).toMatchObject([{ topic: TOPIC }]);
    const errors = tab.batches.flatMap(({ reports }) => reports ?? []).filter(({ kind }) => kind === 'error');
    expect(errors).toMatchObject([{ code: 'too_large' }]);
    scene.wait(600_000);
    expect(scene.requests).toHaveLength(2);
  });

  test('is measured by what it is itself, whatever else arrives between its parts', () => {
    const scene = new TopicScene();
    const tab = scene.tab();
    scene.world.socket.welcome();
    scene.subscribed({ offset: 20 });
    for (let n = 0; n < 3; n++) {
      part(scene, n);
      const other = JSON.stringify({ type: 'error', code: 'x', message: '', ended: false, topic: 'other' });
      scene.world.socket.text(other + ' '.repeat(SIXTEEN_MI - other.length));
    }
    part(scene, 3, { last: true, events: [item(20, line('x'))] });
    expect(tab.status(TOPIC)).toMatchObject({ state: 'live' });
    expect(texts(tab.snapshots(TOPIC).flatMap(({ events }) => events))).toEqual(['x']);
    expect(scene.requests).toHaveLength(1);
  });

  test('that shares its messages with other frames is measured as well', () => {
    const scene = new TopicScene();
    scene.tab({ epoch: 'e1', offset: 7 });
    scene.world.socket.welcome();
    scene.subscribed({ offset: 20 });
    const { topic, ref } = scene.request;
    const long = line('x'.repeat(7 * 1024 * 1024));
    const say = (n: number) => {
      const at = { topic, ref, epoch: 'e1', offset: 20, ts: 1, part: n, last: false };
      scene.world.socket.say({ type: 'snapshot', ...at, events: [item(1, long), item(2, long)] });
    };
    for (let n = 0; n < 4; n++) say(n);
    expect(scene.requests).toHaveLength(1);
    const both = [4, 5].map((n) => ({
      type: 'snapshot',
      ...{ topic, ref, epoch: 'e1', offset: 20, ts: 1, part: n, last: false },
      events: [item(1, line('x'.repeat(4 * 1024 * 1024)))],
    }));
    scene.world.socket.text(JSON.stringify(both));
    scene.world.socket.text(JSON.stringify(both.map((frame, n) => ({ ...frame, part: 6 + n }))));
    expect(scene.requests).toHaveLength(2);
  });
});
