/** Which tab of a browser tells of what all of them share: the one that holds a lock. */

/** Says each time whether this tab is the one. */
export interface TellingTab {
  /** @param name of what is told of: the same in each tab */
  isThisOne(name: string): Promise<boolean>;
  /** Another tab may be the one from now on. */
  leave(): void;
}

export function tellingTab(): TellingTab {
  let life: AbortController | null = null;
  const leave = () => {
    life?.abort();
    life = null;
  };
  return {
    leave,
    async isThisOne(name) {
      if (life) return true;
      // Without locks no tab knows of another one; nor does a server.
      if (typeof window === 'undefined' || !navigator.locks) return true;
      const mine = new AbortController();
      const isGranted = await new Promise<boolean>((tell) => {
        navigator.locks
          .request(name, { ifAvailable: true }, (lock) => {
            tell(lock !== null);
            return lock && new Promise<unknown>((release) => mine.signal.addEventListener('abort', release));
          })
          // Where a page may have no locks it tells, too.
          .catch(() => tell(true));
      });
      // It may have been granted to an earlier question of this tab.
      if (!isGranted) return life !== null;
      life = mine;
      // A page that holds a lock is not kept in the back/forward cache.
      window.addEventListener('pagehide', leave, { signal: mine.signal });
      return true;
    },
  };
}
