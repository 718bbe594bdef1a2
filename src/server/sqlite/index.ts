/** The entry `trunkline/server/sqlite`. */
export { type SqliteLogOptions, sqliteLog } from './sqlite-log.ts';
