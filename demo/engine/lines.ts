import type { Readable } from 'node:stream';
import type { LogStream } from './protocol.ts';

export type LineListener = (stream: LogStream, line: string) => void;

/** Of one line; the rest is cut off. */
export const LINE_CHARACTERS = 2_000;
/** Of one child: so many at once, and so many a second after them. */
export const BURST_LINES = 500;
export const LINES_PER_SECOND = 100;

export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(0, LINE_CHARACTERS);
    for (const line of lines) onLine(line.slice(0, LINE_CHARACTERS).toWellFormed());
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest.toWellFormed());
  });
  // A stream that was destroyed in mid-read: there is no more of it.
  stream.on('error', () => {});
}

/**
 * Lets the lines of one child through as long as there are not too many, and says how many it left out as soon as there
 * is room again, or at the end.
 */
export function limitLines(
  onLine: LineListener,
  now: () => number = Date.now,
): { take: LineListener; end(): void } {
  let room = BURST_LINES;
  let filledAt = now();
  let leftOut = 0;
  const say = () => {
    if (leftOut === 0) return;
    const count = leftOut.toLocaleString('en');
    onLine('engine', `(${count} lines left out: more than ${LINES_PER_SECOND} a second)`);
    leftOut = 0;
  };
  return {
    take(stream, line) {
      const at = now();
      room = Math.min(BURST_LINES, room + ((at - filledAt) / 1_000) * LINES_PER_SECOND);
      filledAt = at;
      if (room < 1) {
        leftOut += 1;
        return;
      }
      // Room for the remark as well, and for some lines after it, so that it is not every second line.
      if (leftOut > 0 && room < LINES_PER_SECOND / 10) {
        leftOut += 1;
        return;
      }
      say();
      room -= 1;
      onLine(stream, line);
    },
    end: say,
  };
}
