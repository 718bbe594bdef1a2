/**
 * What an app and an identity share among all pages and workers of an origin (database, locks, channels, what a page
 * remembers) begins with this. No two pairs have the same: an app's name is the part up to the first colon, and has none
 * itself. A name without `:` and `%` stays as it is, which is that of all builds.
 */
export function scopeName(app: string, identity: string): string {
  return `trunkline:${encoded(app)}:${identity}`;
}

/** Of the `sync` event by which a browser lets commands be delivered with no page open. */
export function syncTag(app: string): string {
  return `trunkline:${app}`;
}

/** Of the database that has the last known state: one of its own, so that the other one's format stays as it is. */
export function stateName(app: string, identity: string): string {
  return scopeName(app, identity).replace('trunkline', 'trunkline-state');
}

const encoded = (app: string) => app.replace(/[%:]/g, encodeURIComponent);

/** As it was before an app's name was encoded, and shared by pairs such as `shop`, `de:ann` and `shop:de`, `ann`; `null`: the same. */
export function formerName(app: string, identity: string): string | null {
  const name = `trunkline:${app}:${identity}`;
  return name === scopeName(app, identity) ? null : name;
}
