import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProxy, type TestProxy } from '../../../testing/network/index.ts';

let server: Server;
/** The server's ends of its connections. */
let served: Socket[];
let proxy: TestProxy;

beforeEach(async () => {
  served = [];
  server = createServer((socket) => {
    socket.on('error', () => {});
    served.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startProxy({ target: () => (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of served) socket.destroy();
  server.close();
});

/** A client with all that it heard, and what became of it. */
interface TestClient {
  readonly socket: Socket;
  heard: string;
  end: string | null;
}

async function open(): Promise<TestClient> {
  const socket = connect(proxy.port, '127.0.0.1');
  const client: TestClient = { socket, heard: '', end: null };
  socket.on('data', (bytes) => {
    client.heard += bytes;
  });
  socket.on('error', (error) => {
    client.end = 'code' in error ? String(error.code) : error.message;
  });
  socket.on('close', () => {
    client.end ??= 'closed';
  });
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return client;
}

/** Both ends of a connection through which something has gone. */
async function openThrough(): Promise<{ client: TestClient; far: Socket; heardFar: () => string }> {
  const before = served.length;
  const client = await open();
  await expect.poll(() => served.length).toBe(before + 1);
  const far = served.at(-1);
  if (!far) throw new Error('nobody was connected');
  let heard = '';
  far.on('data', (bytes) => {
    heard += bytes;
  });
  client.socket.write('hello');
  far.write('welcome');
  await expect.poll(() => [client.heard, heard]).toEqual(['welcome', 'hello']);
  return { client, far, heardFar: () => heard };
}

test('it carries both ways, and counts', async () => {
  await openThrough();
  const { client } = await openThrough();
  expect([proxy.connections, proxy.peak]).toEqual([2, 2]);
  client.socket.destroy();
  await expect.poll(() => proxy.connections).toBe(1);
  expect(proxy.peak).toBe(2);
});

test('where a side closes, the other is closed', async () => {
  const { client, far } = await openThrough();
  far.destroy();
  await expect.poll(() => client.end).toBe('closed');
});

test('what is cut ends abruptly, and new ones come through', async () => {
  const { client } = await openThrough();
  proxy.cut();
  await expect.poll(() => client.end).toBe('ECONNRESET');
  await openThrough();
});

test('it refuses, and listens at the same port again', async () => {
  const { client } = await openThrough();
  const { port } = proxy;
  await proxy.setMode('refuse');
  await expect.poll(() => client.end).toBe('ECONNRESET');
  expect((await open()).end).toBe('ECONNREFUSED');
  await proxy.setMode('pass');
  expect(proxy.port).toBe(port);
  await openThrough();
});

test('in a black hole nothing arrives and nothing is closed, and afterwards all of it arrives', async () => {
  const { client, far, heardFar } = await openThrough();
  await proxy.setMode('blackhole');
  client.socket.write(' again');
  far.write(' again');
  // What would have come through has come by the time that another connection was answered.
  const other = await open();
  other.socket.write('nobody hears');
  await expect.poll(() => served.length).toBe(2);
  expect([client.heard, heardFar(), client.end, other.heard]).toEqual(['welcome', 'hello', null, '']);
  await proxy.setMode('pass');
  await expect.poll(() => [client.heard, heardFar()]).toEqual(['welcome again', 'hello again']);
});

test('a server that is mute is heard no more, and hears', async () => {
  const { client, far, heardFar } = await openThrough();
  await proxy.setMode('mute');
  far.write(' again');
  client.socket.write(' again');
  await expect.poll(heardFar).toBe('hello again');
  expect(client.heard).toBe('welcome');
});

test('what is stranded is neither carried nor closed, and new ones come through', async () => {
  const { client, far, heardFar } = await openThrough();
  proxy.strand();
  client.socket.write(' again');
  far.write(' again');
  await openThrough();
  expect([client.heard, heardFar(), client.end]).toEqual(['welcome', 'hello', null]);
  expect(proxy.connections).toBe(1);
  proxy.cut();
  await expect.poll(() => client.end).toBe('ECONNRESET');
});

test('a delay makes all late, and a shorter one does not reorder', async () => {
  const { far, client } = await openThrough();
  proxy.setDelay(300);
  const began = performance.now();
  far.write(', late');
  await expect.poll(() => far.bytesWritten).toBe('welcome, late'.length);
  // Apart, so that they are two chunks.
  await new Promise((later) => setTimeout(later, 50));
  proxy.setDelay(0);
  far.write(', later');
  await expect.poll(() => client.heard).toBe('welcome, late, later');
  expect(performance.now() - began).toBeGreaterThan(290);
});

test('a slow line carries so many bytes a second', async () => {
  const { far, client } = await openThrough();
  proxy.setRate(10_000);
  const began = performance.now();
  far.write('x'.repeat(5_000));
  await expect.poll(() => client.heard.length).toBe('welcome'.length + 5_000);
  expect(performance.now() - began).toBeGreaterThan(400);
});

test('a torn line lets half of it through', async () => {
  const { far, client } = await openThrough();
  const torn = proxy.tear('server');
  far.write('0123456789');
  await torn;
  await expect.poll(() => client.end).not.toBeNull();
  expect(client.heard).toBe('welcome01234');
});

test.each([
  { target: () => 1, said: 'whose port nobody has' },
  { target: () => null, said: 'which says that nobody is there' },
])('at a target $said a connection ends', async ({ target }) => {
  await using other = await startProxy({ target });
  const socket = connect(other.port, '127.0.0.1');
  await once(socket, 'close');
});

test('it says where it cannot listen', async () => {
  await expect(startProxy({ target: 1, port: proxy.port })).rejects.toThrow('EADDRINUSE');
});
