export { startHub } from './browser/start.ts';
export type { PlainSupport } from './core/dialect/plain-support.ts';
export type { SavedStateSupport } from './core/saved-states.ts';
export type { HubSettings } from './core/settings.ts';
