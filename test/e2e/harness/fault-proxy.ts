import type { Reader, Side } from '../../../testing/network/connection.ts';
import { startReadProxy, type TestProxy } from '../../../testing/network/proxy.ts';
import { createTap } from './websocket-tap.ts';

export type Frame = { readonly type: string; readonly [field: string]: unknown };

/** Stands between browser and server on 127.0.0.1, does what networks do, and reads what goes through. */
export interface FaultProxy extends TestProxy {
  /** Every frame that went through. */
  readonly seen: readonly { readonly from: Side; readonly frame: Frame; readonly at: number }[];
  /** The HTTP heads of both sides. */
  readonly heads: readonly string[];
}

export async function startFaultProxy(target: () => number): Promise<FaultProxy> {
  const seen: FaultProxy['seen'][number][] = [];
  const heads: string[] = [];
  const newReader = (): Reader => {
    const newTap = (from: Side) =>
      createTap({
        onHead: (head) => heads.push(head),
        onText: (text) => {
          const message: Frame | Frame[] = JSON.parse(text);
          for (const frame of Array.isArray(message) ? message : [message])
            seen.push({ from, frame, at: Date.now() });
        },
      });
    const taps = { client: newTap('client'), server: newTap('server') };
    return {
      read(from, bytes, isFirst) {
        const chunk = isFirst && from === 'client' ? withoutExtensions(bytes) : bytes;
        taps[from](chunk);
        return chunk;
      },
    };
  };
  return Object.assign(await startReadProxy(target, newReader), { seen, heads });
}

/** So that nothing is compressed, and the tap can read it. The browser sends the head of its request in one piece. */
function withoutExtensions(head: Buffer): Buffer {
  return Buffer.from(head.toString('latin1').replace(/^sec-websocket-extensions:.*\r\n/im, ''), 'latin1');
}
