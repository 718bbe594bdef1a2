/** Which topics end by themselves, and how long after their last event. */
import type { MemoryLimits } from './projection.ts';

/** As `MemoryLimits` has it: the same for the same ages, in whichever order they were given. */
export function topicAges(ages: Readonly<Record<string, number>> = {}): Pick<MemoryLimits, 'topicAges'> {
  const all = Object.entries(ages).map(([prefix, ms]) => {
    if (!(ms > 0)) {
      const name = JSON.stringify(prefix);
      throw new RangeError(`endTopicsAfterMs: of ${name} it must be a positive number, not ${ms}`);
    }
    return { prefix, ms: Math.min(Math.ceil(ms), Number.MAX_SAFE_INTEGER) };
  });
  // The longest one that fits comes first.
  all.sort((a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1));
  return all.length === 0 ? {} : { topicAges: all };
}

/** `Infinity`: it does not end by itself. */
export function ageOf({ topicAges = [] }: MemoryLimits, topic: string): number {
  return topicAges.find(({ prefix }) => topic.startsWith(prefix))?.ms ?? Number.POSITIVE_INFINITY;
}
