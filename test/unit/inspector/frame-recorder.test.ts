import { describe, expect, test } from 'vitest';
import { FrameRecorder, type SocketRecorder } from '../../../src/inspector/hub/frame-recorder.ts';

const TOKEN = 'secret-of-ann-"quoted"';

let now = 0;
const recorder = () => new FrameRecorder('r', () => ++now);
const ask = (of: FrameRecorder, sessions: readonly string[] = ['s1'], withPayloads = true, n = 0) =>
  of.answer({ ask: 'page', have: { r: n }, sessions, withPayloads }).frames;

const hello = (client_id = 'c1', token = TOKEN) =>
  JSON.stringify({ type: 'hello', client_id, app: 'ops', app_version: 1, term: 1, token });
const welcome = (session = 's1') => JSON.stringify({ type: 'welcome', session, principal: 'ann' });

function welcomed(of: FrameRecorder, session = 's1', client = 'c1'): SocketRecorder {
  const socket = of.socket('wss://example.org', false);
  socket.opened();
  socket.message('out', hello(client));
  socket.message('in', welcome(session));
  return socket;
}

describe('a token is never kept', () => {
  test('neither where it is sent, nor where the server says it back, in whatever spelling', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    socket.message('in', JSON.stringify({ type: 'error', code: 'x', message: `no ${TOKEN}`, ended: false }));
    socket.message('in', `not JSON: ${TOKEN}`);
    socket.message('in', JSON.stringify([{ type: `odd ${TOKEN}`, topic: TOKEN, token: 'another token' }]));
    socket.closed(4401, `refused: ${TOKEN}`);
    const told = JSON.stringify(ask(frames));
    expect(told).not.toContain('secret-of-ann');
    expect(told).not.toContain('another token');
    expect(told.match(/\[token\]/g)?.length).toBeGreaterThan(5);
    expect(ask(frames).at(-1)).toMatchObject({ type: 'closed', about: '4401 refused: [token]' });
  });

  test('nor a part of it, where what it stands in is shortened', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    socket.message('in', JSON.stringify({ type: `${'x'.repeat(50)}${TOKEN}`, id: TOKEN }));
    socket.message('in', JSON.stringify({ type: 'long', text: `${'x'.repeat(4_060)}${TOKEN}` }));
    expect(JSON.stringify(ask(frames))).not.toContain('secret-o');
  });

  test('also where it looks like JSON itself', () => {
    const frames = recorder();
    const socket = frames.socket('wss://example.org', false);
    socket.message('out', hello('c1', '","type":"'));
    socket.message('in', '{"a":"b","type":"error"}');
    expect(ask(frames).at(-1)).toMatchObject({ direction: 'in', type: 'untyped' });
  });

  test('also where hello is one frame of several', () => {
    const frames = recorder();
    const socket = frames.socket('wss://example.org', false);
    socket.message('out', `[${JSON.stringify({ type: 'ping', id: 1 })},${hello()}]`);
    socket.message('in', JSON.stringify({ type: 'error', code: 'x', message: TOKEN, ended: false }));
    expect(JSON.stringify(ask(frames))).not.toContain('secret-of-ann');
  });

  test('and a word that is too short to be a secret takes nothing else away', () => {
    const frames = recorder();
    const socket = frames.socket('wss://example.org', false);
    socket.message('out', hello('c1', 'a'));
    expect(ask(frames)[1]).toMatchObject({ type: 'hello' });
    expect(ask(frames)[1]?.payload).toContain('"token":"[token]"');
  });
});

describe('what is told', () => {
  test('is each frame with its way and what it is about, and what it says only if asked', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    socket.message(
      'in',
      JSON.stringify([
        { type: 'event', topic: 'run', offset: 7, ts: 1, event: { type: 'gate', text: 'private' } },
        { type: 'pong', id: 1 },
      ]),
    );
    const told = ask(frames, ['s1'], false);
    expect(told.map(({ direction, type, about }) => [direction, type, about])).toEqual([
      ['socket', 'connect', 'wss://example.org'],
      ['socket', 'open', 'wss://example.org'],
      ['out', 'hello', ''],
      ['in', 'welcome', ''],
      ['in', 'event', 'gate · run · @7'],
      ['in', 'pong', ''],
    ]);
    expect(JSON.stringify(told)).not.toContain('private');
    expect(told.every((frame) => !('payload' in frame))).toBe(true);
    expect(ask(frames)[4]?.payload).toContain('private');
  });

  test('is only what is new', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    const last = ask(frames).at(-1)?.n;
    socket.message('in', '{"type":"pong","id":2}');
    expect(ask(frames, ['s1'], true, last).map(({ type }) => type)).toEqual(['pong']);
  });

  test("is of one person's connections alone, earlier ones included, and of sockets that nobody welcomed", () => {
    const frames = recorder();
    welcomed(frames, 's0', 'c1');
    welcomed(frames, 's1', 'c1').message('in', '{"type":"pong","id":1}');
    welcomed(frames, 's9', 'c9').message('in', '{"type":"error","code":"private"}');
    const silent = frames.socket('wss://example.org', false);
    silent.message('out', hello('c9'));
    silent.closed(1006, '');
    expect(new Set(ask(frames).map(({ socket }) => socket))).toEqual(new Set([1, 2, 4]));
    expect(new Set(ask(frames, []).map(({ socket }) => socket))).toEqual(new Set([4]));
  });

  test('of a plain server is all, though an event of its own be called welcome', () => {
    const frames = recorder();
    frames.socket('wss://example.org', true).message('in', welcome('mine'));
    expect(ask(frames, []).map(({ type }) => type)).toEqual(['connect', 'welcome']);
  });

  test('of what goes to a plain server is its kind alone, and of what comes no field that is named like a secret', () => {
    const frames = recorder();
    const socket = frames.socket('wss://example.org', true);
    socket.message('out', JSON.stringify({ type: 'auth', ticket: TOKEN }));
    socket.message('out', JSON.stringify(['1', '1', 'room', 'phx_join', { key: TOKEN }]));
    socket.message('in', JSON.stringify([{ type: 'auth_ok', user: { access_token: TOKEN, name: 'ann' } }]));
    socket.message('in', TOKEN);
    socket.closed(4401, TOKEN);
    expect(JSON.stringify(ask(frames, []))).not.toContain('secret-of-ann');
    expect(ask(frames, []).slice(1)).toMatchObject([
      { direction: 'out', type: 'auth', payload: null },
      { direction: 'out', type: 'message', payload: null },
      { direction: 'in', payload: '[{"type":"auth_ok","user":{"access_token":"[token]","name":"ann"}}]' },
      { direction: 'in', type: 'text', payload: null },
      { type: 'closed', about: '4401' },
    ]);
  });
});

describe('memory is bounded', () => {
  test('to 500 frames', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    for (let id = 0; id < 1_000; id++) socket.message('in', JSON.stringify({ type: 'pong', id }));
    const told = ask(frames);
    expect(told).toHaveLength(500);
    expect(told.at(-1)?.payload).toContain('999');
  });

  test('to a part of each payload, and to 1 MiB of all: the oldest go first', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    for (let id = 0; id < 400; id++)
      socket.message('in', JSON.stringify({ type: 'pong', id, text: 'x'.repeat(10_000) }));
    const payloads = ask(frames).map(({ payload }) => payload ?? null);
    expect(payloads.join('').length).toBeLessThanOrEqual(1_048_576);
    expect(payloads.at(-1)).toHaveLength(4_097);
    expect(payloads[0]).toBeNull();
    expect(ask(frames).at(-1)?.size).toBeGreaterThan(10_000);
  });

  test('to the size of a message that is too large to be read, or is binary', () => {
    const frames = recorder();
    const socket = welcomed(frames);
    socket.message('in', `"${TOKEN}${'x'.repeat(300_000)}"`);
    socket.message('in', new ArrayBuffer(5));
    expect(ask(frames).slice(-2)).toMatchObject([
      { type: 'message', size: 300_000 + TOKEN.length + 2, payload: null },
      { type: 'binary', size: 5, payload: null },
    ]);
  });
});
