/** How faults are told to the application. */
export type Report = (error: unknown, about: string) => void;

/** A report that fails must not take with it what has failed already. The first such failure is told on stderr. */
export function neverFailing(report: (error: unknown, about: string) => unknown): Report {
  let isTold = false;
  return async (error, about) => {
    try {
      await report(error, about);
    } catch (failure) {
      if (isTold) return;
      isTold = true;
      console.error(`trunkline: onError failed (told once), and could not take: ${about}:`, error, failure);
    }
  };
}

/** What is remembered as told: texts name what an application defines, and fields that a client may invent. */
const TOLD_LIMIT = 1_000;

/** Reports each text once, and so many of them at most. */
export function onceEach(report: Report, limit = TOLD_LIMIT): (message: string, about: string) => void {
  const told = new Set<string>();
  return (message, about) => {
    if (told.has(message) || told.size >= limit) return;
    told.add(message);
    report(new Error(`${message} (told once)`), about);
  };
}
