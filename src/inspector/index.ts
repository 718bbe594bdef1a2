/** `trunkline/inspector`: what a client, its hub and its line do, to be seen. */
export { defineInspector } from './define.ts';
export type { TrunklineInspector } from './element/inspector-element.ts';
export type { Inspected } from './inspected.ts';
export { type OfferedInspector, offerInspector } from './offer.ts';
