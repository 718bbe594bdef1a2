export { startHub } from './browser/start.ts';
export type { SavedStateSupport } from './core/saved-states.ts';
export type { HubSettings } from './core/settings.ts';
