declare global {
  /** The machine's own clock, where another one is set. */
  var machineNow: (() => number) | undefined;
}

/** Runs in a page or worker: its clock is so far ahead of the machine's from now on. */
export function setClock(aheadMs: number): void {
  const machineNow = globalThis.machineNow ?? Date.now.bind(Date);
  globalThis.machineNow = machineNow;
  Date.now = () => machineNow() + aheadMs;
}
