/** The entry `trunkline/otel`: what a page tells OpenTelemetry. */
export type { MetricsOptions, TelemetryOptions } from '../telemetry/options.ts';
export { instrumentClient } from './instrument-client.ts';
export { observeHub } from './observe-hub.ts';
