import type { Listener } from '../listener.ts';
import type { World } from '../world.ts';

/** Each offset at most once and in order, but for a critical event that it failed on; and only what it asked for. */
export function judgeListener(
  { server, problems }: World,
  about: string,
  topic: string,
  { replay, seen }: Listener,
): void {
  let last: { epoch: string | undefined; offset: number } = { epoch: undefined, offset: 0 };
  // What a backup lacks comes again, and what was acknowledged since. A server that ignores cursors goes back when the hub
  // comes to it; what it then said comes once more in the new epoch that it begins as soon as it heeds them.
  let stepsBack = server.restores + server.ignoringRestores;
  const failed = new Set<string>();
  const taken = new Set<string>();
  for (const { ts, offset, critical, replayed, took } of seen) {
    const name = `${ts} ${offset}`;
    const epoch = server.chronicle.epochOf(topic, { ts, offset });
    if (epoch === null) continue;
    if (replay === 'none' && replayed && !failed.has(name))
      problems.push(`${about} a listener to live events alone was given ${offset} again`);
    if (critical) {
      if (taken.has(name) && server.restores === 0)
        problems.push(`${about} a listener was given ${offset}, which it had taken`);
      (took ? taken : failed).add(name);
      continue;
    }
    if (epoch === last.epoch && offset <= last.offset && --stepsBack < 0)
      problems.push(`${about} a listener was given ${offset} after ${last.offset}`);
    last = { epoch, offset };
  }
}
