/** The entry `trunkline/server/postgres`. */
export { type PostgresEngineOptions, postgresEngine } from './postgres-engine.ts';
