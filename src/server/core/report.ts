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
