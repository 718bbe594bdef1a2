import type { Listener } from '../listener.ts';
import type { World } from '../world.ts';

/** Each offset at most once and in order, but for a critical event that it failed on; and only what it asked for. */
export function judgeListener({ problems }: World, about: string, { replay, seen }: Listener): void {
  let last = { ts: 0, offset: 0 };
  const failed = new Set<string>();
  const taken = new Set<string>();
  for (const { ts, offset, critical, replayed, took } of seen) {
    const name = `${ts} ${offset}`;
    if (replay === 'none' && replayed && !failed.has(name))
      problems.push(`${about} a listener to live events alone was given ${offset} again`);
    if (critical) {
      if (taken.has(name)) problems.push(`${about} a listener was given ${offset}, which it had taken`);
      (took ? taken : failed).add(name);
      continue;
    }
    if (ts < last.ts || (ts === last.ts && offset <= last.offset))
      problems.push(`${about} a listener was given ${offset} after ${last.offset}`);
    last = { ts, offset };
  }
}
