/** The entry `trunkline/svelte`. */
export type { Name } from '../bindings/name.ts';
export { type Bindings, createBindings, type SendState } from './create-bindings.ts';
export { type Current, useReadable } from './readable.ts';
