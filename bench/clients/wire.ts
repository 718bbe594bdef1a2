import type { WebSocket } from 'ws';
import type { BenchEvent } from '../shared/events.ts';

/** What a client says and hears, in the words of its server. Each does as little as it can for it. */
export interface Wire {
  /** Added to the server's address. */
  readonly path: string;
  readonly subprotocols: readonly string[];
  /** Once, when the socket is open. */
  greet(socket: WebSocket): void;
  hear(text: string, socket: WebSocket, told: Told): void;
  /** Of a client's n-th command. */
  commandId(n: number): string;
  sendCommand(socket: WebSocket, id: string, n: number): void;
  /** Its answer is told as `pong`. */
  ping(socket: WebSocket): void;
}
export interface Told {
  /** What is published from now on will come. */
  ready(): void;
  event(event: BenchEvent): void;
  answered(id: string): void;
  pong(): void;
}
