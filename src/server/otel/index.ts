/** The entry `trunkline/server/otel`: what a server tells OpenTelemetry. */
export type { MetricsOptions, TelemetryOptions } from '../../telemetry/options.ts';
export { type CommandTelemetryOptions, instrumentCommands } from './instrument-commands.ts';
export { observeServer } from './observe-server.ts';
