import { expect, onTestFinished, test } from 'vitest';
import { frameChannel, isAsk } from '../../../src/inspector/frames/channel.ts';
import { FrameLog } from '../../../src/inspector/frames/frame-log.ts';
import { FrameRecorder, type SocketRecorder } from '../../../src/inspector/hub/frame-recorder.ts';

/** A recorder and an inspector's log at the two ends of a channel of their own. */
function scene() {
  const app = crypto.randomUUID();
  let now = 0;
  const recorder = new FrameRecorder(app, () => ++now);
  const channel = new BroadcastChannel(frameChannel(app));
  channel.onmessage = ({ data }) => {
    if (isAsk(data)) channel.postMessage(recorder.answer(data));
  };
  const log = new FrameLog(app, () => {});
  onTestFinished(() => {
    channel.close();
    log.close();
  });
  return { recorder, log, types: () => log.frames.map(({ type }) => type) };
}

function connected(recorder: FrameRecorder, session: string): SocketRecorder {
  const socket = recorder.socket('wss://example.org', false);
  socket.message('out', JSON.stringify({ type: 'hello', client_id: 'c1' }));
  socket.message('in', JSON.stringify({ type: 'welcome', session }));
  return socket;
}

test('what an earlier connection of the same client said comes once the page is connected', async () => {
  const { recorder, log, types } = scene();
  connected(recorder, 's1').closed(1006, '');
  recorder.socket('wss://example.org', false).closed(1006, '');
  log.ask([], false);
  await expect.poll(types).toEqual(['connect', 'closed']);
  connected(recorder, 's2');
  log.ask(['s2'], false);
  await expect
    .poll(types)
    .toEqual(['connect', 'hello', 'welcome', 'closed', 'connect', 'closed', 'connect', 'hello', 'welcome']);
});

test('a payload that was asked for and comes when it is hidden again is not kept', async () => {
  const { recorder, log, types } = scene();
  connected(recorder, 's1');
  log.ask(['s1'], true);
  log.ask(['s1'], false);
  await expect.poll(types).toEqual(['connect', 'hello', 'welcome']);
  // Both answers are there once a third one is.
  recorder.socket('wss://example.org', false);
  log.ask(['s1'], false);
  await expect.poll(types).toEqual(['connect', 'hello', 'welcome', 'connect']);
  expect(log.frames.filter((frame) => 'payload' in frame)).toEqual([]);
});

test('the newest 500 are kept, of all recorders together', async () => {
  const { recorder, log } = scene();
  const socket = connected(recorder, 's1');
  for (let id = 0; id < 400; id++) socket.message('in', JSON.stringify({ type: 'pong', id }));
  log.ask(['s1'], false);
  await expect.poll(() => log.frames.length).toBe(403);
  for (let id = 0; id < 400; id++) socket.message('in', JSON.stringify({ type: 'ack', id }));
  log.ask(['s1'], false);
  await expect.poll(() => log.frames.length).toBe(500);
  expect(log.frames.filter(({ type }) => type === 'ack')).toHaveLength(400);
});
