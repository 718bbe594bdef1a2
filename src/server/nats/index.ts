/** The entry `trunkline/server/nats`, which is experimental. */
export { type NatsEngineOptions, natsEngine } from './nats-engine.ts';
