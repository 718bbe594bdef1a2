/** The entry `trunkline/vue`. */
export { type Composables, createComposables, type SendState } from './create-composables.ts';
export { useReadable } from './readable.ts';
