/** The entry `trunkline/react`. */
'use client';

export { createHooks, type Hooks, type SendState } from './create-hooks.ts';
export { type IsEqual, type Select, useReadable } from './readable.ts';
