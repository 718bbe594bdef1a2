/**
 * Says which Node something needs, instead of what an older one lacks. The package's `engines` has the least of them.
 *
 * @param least `major.minor`
 * @throws Error where this one is older.
 */
export function needNode(least: `${number}.${number}`, what: string): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Error(`${what} needs Node ${least} or later, and this is Node ${process.versions.node}`);
}
