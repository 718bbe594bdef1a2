/**
 * A worker whose script failed answers nobody, and lives on for as long as any page has it, and with `extendedLifetime` for
 * minutes more. Each page that comes joins it, also once the script is mended. So it ends: the next page starts a new one.
 *
 * @returns to be called once the script has become a hub, which outlives errors.
 */
export function endIfScriptFails(): () => void {
  if (!('importScripts' in globalThis)) return () => {};
  const end = () => globalThis.close();
  globalThis.addEventListener('error', end);
  return () => globalThis.removeEventListener('error', end);
}
