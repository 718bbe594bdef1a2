/** What crossed one socket, as it is judged and shown. */
import type { ServerFrame } from '../protocol/frames/index.ts';

export interface SeenFrame {
  readonly frame: ServerFrame;
  /** By `performance.now()`. */
  readonly at: number;
}

export interface Transcript {
  /** Frames as text, each with its direction; the newest ones, and each cut to a length that a person reads. */
  readonly lines: string[];
}

const LINES = 40;
const LENGTH = 300;

export function record({ lines }: Transcript, direction: '→' | '←' | '·', text: string): void {
  lines.push(
    `${direction} ${text.length > LENGTH ? `${text.slice(0, LENGTH)}… (${text.length} characters)` : text}`,
  );
  if (lines.length > LINES) lines.shift();
}
