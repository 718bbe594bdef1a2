/** The entry `trunkline/svelte`. */
export { type Bindings, createBindings, type Name, type SendState } from './create-bindings.ts';
export { type Current, useReadable } from './readable.ts';
