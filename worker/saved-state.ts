export { savedState } from './browser/saved-state.ts';
export type { SavedStateSupport } from './core/saved-states.ts';
