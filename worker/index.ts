export { startHub } from './browser/start.ts';
export type { HubSettings } from './core/settings.ts';
