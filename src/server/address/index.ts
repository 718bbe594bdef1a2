/** The entry `trunkline/server/address`. */

export { type AddressedLog, type LogOfOptions, logOf } from './log-of.ts';
export { logTrouble } from './log-trouble.ts';
