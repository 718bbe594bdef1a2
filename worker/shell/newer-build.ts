/** Which of two hubs is of the newer build. What follows from that `election.ts` decides. */
export interface Build {
  /** The version of the application's protocol. */
  readonly appVersion: number;
  /** With the setting `newestOwns`: when it started, ms since 1970; else 0. It counts before the version. */
  readonly startedAt: number;
}

export function isNewer(one: Build, other: Build): boolean {
  if (one.startedAt !== other.startedAt) return one.startedAt > other.startedAt;
  return one.appVersion > other.appVersion;
}
