import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { browser } from '../../../worker/browser/platform.ts';
import type { Input } from '../../../worker/core/io.ts';
import { SocketSlot } from '../../../worker/shell/socket.ts';
import { TestRoom } from './support/room.ts';

let room: TestRoom<string>;
let url: string;
beforeEach(async () => {
  room = await TestRoom.enter<string>();
  url = room.url('/echo');
});

function newSlot(): { slot: SocketSlot; heard: Input[] } {
  const heard: Input[] = [];
  const slot = new SocketSlot(browser.openSocket, (input) => heard.push(input));
  onTestFinished(() => slot.clear());
  return { slot, heard };
}

describe('the socket', () => {
  it('tells in order that it is open, what comes, and that it is closed', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard).toEqual([{ type: 'socket_opened', generation: 1 }]);
    slot.write(1, 'one');
    slot.write(1, 'close');
    await expect
      .poll(() => heard.slice(1))
      .toEqual([
        { type: 'socket_message', generation: 1, data: 'one' },
        { type: 'socket_closed', generation: 1, code: 4409, reason: 'as told' },
      ]);
  });

  it('keeps a flood in order', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'flood');
    await expect.poll(() => heard.length).toBe(1_001);
    expect(heard.slice(1).map((input) => 'data' in input && input.data)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => String(i)),
    );
  });

  it('takes and tells a binary message as its bytes', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'binary');
    await expect
      .poll(() => heard.at(-1))
      .toEqual({
        type: 'socket_message',
        generation: 1,
        data: new Uint8Array([1, 2, 3]),
      });
    slot.write(1, new Uint8Array([4, 5]));
    await expect.poll(() => heard.at(-1)).toMatchObject({ data: new Uint8Array([4, 5]) });
  });

  it('speaks the subprotocol that it is told, and fails where the server does not', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, 'spoken');
    await expect.poll(() => heard).toEqual([{ type: 'socket_opened', generation: 1 }]);
    slot.drop(1);
    slot.open(2, url, 'unspoken');
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'socket_closed', generation: 2, code: 1006 });
  });

  it('is closed with 1006 where the connection is cut, and where nobody listens', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'terminate');
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'socket_closed', generation: 1, code: 1006 });
    slot.open(2, 'ws://127.0.0.1:1/', null);
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'socket_closed', generation: 2, code: 1006 });
  });

  it('is closed, with a reason that does not quote the URL, where the browser refuses to open it', () => {
    const { slot, heard } = newSlot();
    slot.open(1, 'ws://127.0.0.1:0/?secret#fragment of a bad port:x', 'not a token');
    expect(heard).toEqual([
      { type: 'socket_closed', generation: 1, code: 1006, reason: expect.not.stringContaining('secret') },
    ]);
    expect(heard[0]).toMatchObject({ reason: expect.stringContaining('SyntaxError') });
  });

  // https://websockets.spec.whatwg.org/#feedback-from-the-protocol: a message is dropped unless the socket is open.
  it('hears of nothing but the end once it closes', async () => {
    const { seen } = room;
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'last words');
    slot.close(1, 4000, 'enough');
    await expect
      .poll(() => heard.slice(1))
      .toEqual([{ type: 'socket_closed', generation: 1, code: 4000, reason: 'enough' }]);
    await expect.poll(() => seen).toEqual(['open', 'message last words', 'close 4000 enough']);
  });

  it('closes even with a code that browsers refuse', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.close(1, 1002, 'x'.repeat(200));
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'socket_closed', generation: 1 });
  });

  it('is unheard once it is dropped, and gone from the server', async () => {
    const { seen } = room;
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'unheard');
    slot.drop(1);
    await expect.poll(() => seen.at(-1)).toMatch(/^close/);
    expect(heard).toHaveLength(1);
  });

  it('never lives beside another one', async () => {
    const { seen } = room;
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.open(2, url, null);
    slot.open(3, url, null);
    await expect
      .poll(() => heard)
      .toEqual([
        { type: 'socket_opened', generation: 1 },
        { type: 'socket_opened', generation: 3 },
      ]);
    slot.write(3, 'x');
    await expect.poll(() => seen).toContain('message x');
    const opened = seen.filter((what) => what === 'open').length;
    await expect.poll(() => seen.filter((what) => what.startsWith('close')).length).toBe(opened - 1);
  });

  it('ignores what is meant for another generation', async () => {
    const { slot, heard } = newSlot();
    slot.open(2, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'late');
    slot.close(1, 1000, 'late');
    slot.drop(1);
    slot.measure(1);
    slot.write(2, 'in time');
    await expect
      .poll(() => heard.slice(1))
      .toEqual([{ type: 'socket_message', generation: 2, data: 'in time' }]);
  });

  it('measures what it has not sent yet', async () => {
    const { slot, heard } = newSlot();
    slot.open(1, url, null);
    await expect.poll(() => heard.length).toBe(1);
    slot.write(1, 'x'.repeat(1_000));
    slot.measure(1);
    expect(heard.at(-1)).toEqual({ type: 'socket_measured', generation: 1, bufferedBytes: 1_000 });
    await expect.poll(() => heard.at(-1)).toMatchObject({ type: 'socket_message' });
    slot.measure(1);
    expect(heard.at(-1)).toEqual({ type: 'socket_measured', generation: 1, bufferedBytes: 0 });
  });

  it('discards what is written before it is open, rather than throw', () => {
    const { slot } = newSlot();
    slot.open(1, url, null);
    expect(() => slot.write(1, 'too early')).not.toThrow();
  });
});
