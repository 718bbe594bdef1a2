/** Where what is observed goes, for pages and servers alike. */
import {
  type Meter,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';

export interface MetricsOptions {
  /** @default the one that is registered globally, where there is one */
  readonly meterProvider?: MeterProvider;
}

export interface TelemetryOptions extends MetricsOptions {
  /** @default the one that is registered globally, where there is one */
  readonly tracerProvider?: TracerProvider;
  /** Whether spans name the command, in `messaging.message.id`. Metrics never do. @default false */
  readonly recordIds?: boolean;
}

/** Of what is observed here, as OpenTelemetry calls the observer. */
const SCOPE = 'trunkline';

export function meterOf({ meterProvider = metrics.getMeterProvider() }: MetricsOptions): Meter {
  return meterProvider.getMeter(SCOPE);
}

export function tracerOf({ tracerProvider = trace.getTracerProvider() }: TelemetryOptions): Tracer {
  return tracerProvider.getTracer(SCOPE);
}
