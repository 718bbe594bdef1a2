/** The entry `trunkline/solid`. */
export { createPrimitives, type Name, type Primitives, type SendState } from './create-primitives.ts';
export { useReadable } from './readable.ts';
