/** What keeps the last known state, in one file without imports: for the prebuilt hub of those who keep some. */
export { savedState } from '../../worker/saved-state.ts';
