/** The entry `trunkline/server/sqlite`. */
export { type SqliteLogOptions, sqliteLog } from './sqlite-log.ts';
export {
  type SqliteProjectionFile,
  type SqliteProjectionOptions,
  sqliteProjection,
} from './sqlite-projection-file.ts';
