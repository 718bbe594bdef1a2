/** Tabs take an event within moments of each other, unless they are frozen. */
const CLAIM_MS = 30_000;

/** What comes to every tab is done by one: the first to claim its name. */
export function asFirstTab(name: string, act: () => void): void {
  navigator.locks
    .request(`trunkline-console:${name}`, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      act();
      await new Promise((resolve) => setTimeout(resolve, CLAIM_MS));
    })
    // A browser that grants no locks does it in every tab.
    .catch(act);
}
