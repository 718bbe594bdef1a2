/** Why nobody says to the gateway what a device keeps of events: see `docs/decisions/0022-what-a-device-keeps-is-not-the-servers.md`. */
import type * as v from 'valibot';

/** Of the objects that say something of events. */
export function fieldMessage(issue: v.StrictObjectIssue): string {
  return whyNotPersist(issue) ?? issue.message;
}

/** `null` where it is another field, or another problem. */
export function whyNotPersist({ expected, received }: v.BaseIssue<unknown>): string | null {
  return expected === 'never' && received === '"persist"'
    ? '`persist` is said by the definition that pages and hub are given (`defineProtocol`); a server has no part in it'
    : null;
}
