/** How faults are told to the application. */
export type Report = (error: unknown, about: string) => void;

/**
 * A report that fails must not take with it what has failed already. The first such failure is told on stderr.
 *
 * @param name as the application knows it.
 */
export function neverFailing(report: (error: unknown, about: string) => unknown, name = 'onError'): Report {
  let isTold = false;
  return async (error, about) => {
    try {
      await report(error, about);
    } catch (failure) {
      if (isTold) return;
      isTold = true;
      console.error(`trunkline: ${name} failed (told once), and could not take: ${about}:`, error, failure);
    }
  };
}

/** What is remembered as told: texts name what an application defines, and fields that a client may invent. */
const TOLD_LIMIT = 1_000;

/** Reports each text once, or what else is given as that which is told; and so much of it at most. */
export function onceEach(
  report: Report,
  limit = TOLD_LIMIT,
): (message: string, about: string, what?: string) => void {
  const told = new Set<string>();
  return (message, about, what = message) => {
    if (told.has(what) || told.size >= limit) return;
    told.add(what);
    report(new Error(`${message} (told once)`), about);
  };
}
