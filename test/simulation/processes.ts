import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Order, Played } from './player.ts';

/** A mutant that sends the simulation around in circles counts as caught. A busy machine may stop a process for half a minute. */
const SILENT_MS = 120_000;

/** Plays in another process; resolves when it has ended. */
export function playThere(
  order: Order,
  mutant: string | null,
  heard: (played: Played) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const player = fork(join(import.meta.dirname, 'player.ts'), {
      execArgv: mutant === null ? [] : ['--import', join(import.meta.dirname, 'mutate.ts')],
      env: { ...process.env, MUTANT: mutant ?? '' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaint = '';
    let isDone = false;
    /** The one that is played now. */
    let seed = order.first;
    const silence = setTimeout(() => player.kill('SIGKILL'), SILENT_MS);
    player.stderr?.on('data', (data) => {
      complaint += data;
    });
    player.on('message', (played: Played) => {
      silence.refresh();
      seed = played.seed + order.step;
      heard(played);
    });
    player.on('disconnect', () => {
      isDone = true;
    });
    player.on('close', (code, signal) => {
      clearTimeout(silence);
      if (code !== 0) {
        const how = signal
          ? `silent for ${SILENT_MS} ms`
          : `ended with ${code}${isDone ? '' : ' in the middle'}`;
        heard({ seed, problems: [`the process was ${how}: ${complaint.slice(0, 2_000)}`] });
      }
      resolve();
    });
    player.send(order);
  });
}
