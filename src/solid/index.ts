/** The entry `trunkline/solid`. */
export type { Name } from '../bindings/name.ts';
export { createPrimitives, type Primitives, type SendState } from './create-primitives.ts';
export { useReadable } from './readable.ts';
