import { connect, createServer, type Socket } from 'node:net';
import { lastingPort } from '../../support/lasting-port.ts';
import { createTap } from './websocket-tap.ts';

/**
 * - `pass`: bytes go through, `delayMs` late.
 * - `blackhole`: packets vanish: nothing goes through, nothing is closed, new connections are never answered.
 * - `mute`: the same, of what the server says alone.
 * - `refuse`: nobody listens.
 */
export type ProxyMode = 'pass' | 'blackhole' | 'mute' | 'refuse';
export type Frame = { readonly type: string; readonly [field: string]: unknown };

export interface FaultProxy {
  readonly port: number;
  /** Every frame that went through. */
  readonly seen: { readonly from: 'client' | 'server'; readonly frame: Frame; readonly at: number }[];
  /** The HTTP heads of both sides. */
  readonly heads: string[];
  /** Connections that are open now, from the browser. */
  readonly live: () => number;
  /** The most that were ever open at once. */
  readonly peak: () => number;
  setMode(mode: ProxyMode): Promise<void>;
  setDelay(delayMs: number): void;
  /** What each connection carries in each direction, in bytes a second; `null`: as much as there is. */
  setRate(bytesPerSecond: number | null): void;
  /**
   * As after a change of networks: of the connections that are open now nothing goes through any more, and nobody closes
   * them; new ones work.
   */
  strand(): void;
  /** Ends every connection, abruptly. */
  cut(): void;
  /** Lets half of what this side sends next through, and ends the connection there. Resolves once it did. */
  tear(from: 'client' | 'server'): Promise<void>;
  close(): Promise<void>;
}

/** Of a slow line: how long one slice of bytes takes. */
const SLICE_S = 0.02;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Stands between browser and server on 127.0.0.1, and does what networks do. */
export async function startFaultProxy(targetPort: () => number): Promise<FaultProxy> {
  let mode: ProxyMode = 'pass';
  let delayMs = 0;
  let rate: number | null = null;
  let peak = 0;
  let tearing: { readonly from: 'client' | 'server'; done(): void } | null = null;
  const pairs = new Set<Pair>();
  /** What is read from them is still on its way, slowly. */
  const trickling = new Set<Socket>();
  const stranded = new Set<Pair>();
  const seen: FaultProxy['seen'] = [];
  const heads: string[] = [];

  const listener = createServer((client) => {
    const server = connect(targetPort(), '127.0.0.1');
    const pair = { client, server };
    pairs.add(pair);
    peak = Math.max(peak, pairs.size);
    forward(client, server, 'client');
    forward(server, client, 'server');
    const end = () => {
      if (!pairs.delete(pair) && !stranded.delete(pair)) return;
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.on('error', end).on('close', end);
    }
    hold(pair);
  });

  function forward(from: Socket, to: Socket, name: 'client' | 'server'): void {
    const tap = createTap({
      onHead: (head) => heads.push(head),
      onText: (text) => {
        const message: Frame | Frame[] = JSON.parse(text);
        for (const frame of Array.isArray(message) ? message : [message])
          seen.push({ from: name, frame, at: Date.now() });
      },
    });
    let lastDue = 0;
    let isFirst = true;
    /** In slices, as a slow line brings them; nothing more is read meanwhile, so that the sender feels it. */
    const trickle = async (chunk: Buffer) => {
      from.pause();
      // Behind what is late already.
      await pause(Math.max(0, lastDue - Date.now()));
      let sent = 0;
      while (sent < chunk.length && !to.destroyed) {
        const slice = chunk.subarray(sent, rate === null ? chunk.length : sent + Math.ceil(rate * SLICE_S));
        to.write(slice);
        sent += slice.length;
        if (rate !== null) await pause(SLICE_S * 1_000);
      }
      trickling.delete(from);
      if (!isHeld(name)) from.resume();
    };
    from.on('data', (bytes) => {
      const chunk = isFirst && name === 'client' ? withoutExtensions(bytes) : bytes;
      const isHead = isFirst;
      isFirst = false;
      if (tearing?.from === name && !isHead) {
        const half = chunk.subarray(0, Math.ceil(chunk.length / 2));
        tearing.done();
        tearing = null;
        // `end` so that the half arrives: a reset would overtake it.
        to.end(half);
        from.resetAndDestroy();
        return;
      }
      tap(chunk);
      if (rate !== null) {
        trickling.add(from);
        return void trickle(chunk);
      }
      // Never earlier than the chunk before it, so that a shorter delay does not reorder.
      lastDue = Math.max(lastDue, Date.now() + delayMs);
      if (lastDue <= Date.now()) to.write(chunk);
      else setTimeout(() => to.write(chunk), lastDue - Date.now());
    });
  }

  const pause = (ms: number) => new Promise((later) => setTimeout(later, ms));
  const isHeld = (name: 'client' | 'server') =>
    mode === 'blackhole' || (mode === 'mute' && name === 'server');

  function hold({ client, server }: Pair): void {
    for (const [name, socket] of [
      ['client', client],
      ['server', server],
    ] as const) {
      if (isHeld(name)) socket.pause();
      else if (!trickling.has(socket)) socket.resume();
    }
  }

  const port = await lastingPort();
  const listen = () =>
    new Promise<void>((listening, failed) => {
      listener.once('error', failed);
      listener.listen(port, '127.0.0.1', listening);
    });
  const cut = () => {
    for (const { client, server } of [...pairs, ...stranded]) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };

  await listen();
  return {
    port,
    seen,
    heads,
    live: () => pairs.size,
    peak: () => peak,
    cut,
    strand() {
      for (const pair of pairs) {
        pair.client.pause();
        pair.server.pause();
        stranded.add(pair);
      }
      pairs.clear();
    },
    tear: (from) =>
      new Promise((done) => {
        tearing = { from, done };
      }),
    setDelay(ms) {
      delayMs = ms;
    },
    setRate(bytesPerSecond) {
      rate = bytesPerSecond;
    },
    async setMode(next) {
      mode = next;
      if (next === 'refuse' && listener.listening) {
        cut();
        await new Promise((closed) => listener.close(closed));
      } else if (next !== 'refuse' && !listener.listening) {
        await listen();
      }
      for (const pair of pairs) hold(pair);
    },
    async close() {
      cut();
      if (listener.listening) await new Promise((closed) => listener.close(closed));
    },
  };
}

/** So that nothing is compressed, and the tap can read it. The browser sends the head of its request in one piece. */
function withoutExtensions(head: Buffer): Buffer {
  return Buffer.from(head.toString('latin1').replace(/^sec-websocket-extensions:.*\r\n/im, ''), 'latin1');
}
