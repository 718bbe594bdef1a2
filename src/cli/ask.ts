/** A question to the person at the terminal. */
import { createInterface } from 'node:readline/promises';

export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Whether there is somebody to ask. */
export function isAttended({ stdin, stdout }: Terminal): boolean {
  return stdin.isTTY === true && stdout.isTTY === true;
}

/**
 * Asks until `read` makes something of the answer. Resolves with `null` where the person ends it instead (Ctrl-C, Ctrl-D).
 *
 * @param read `null`: the answer is none.
 */
export async function ask<T>(
  { stdin, stdout }: Terminal,
  question: string,
  read: (answer: string) => T | null,
): Promise<T | null> {
  const lines = createInterface({ input: stdin, output: stdout });
  const ended = new AbortController();
  lines.once('close', () => ended.abort());
  try {
    for (;;) {
      const taken = read((await lines.question(question, { signal: ended.signal })).trim());
      if (taken !== null) return taken;
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    stdout.write('\n');
    return null;
  } finally {
    lines.close();
  }
}
