/** OpenTelemetry's own SDK, in Node as in a browser, that keeps what it is told. */
import { DataPointType, MeterProvider, type MetricData, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

class Collector extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Telemetry {
  /** To be given to what is observed. */
  readonly providers: { readonly tracerProvider: TracerProvider; readonly meterProvider: MeterProvider };
  /** Those that have ended, in that order. */
  readonly spans: readonly ReadableSpan[];
  /** The only one of that name. */
  span(name: string): ReadableSpan;
  metrics(): Promise<MetricData[]>;
  /** The newest value for these attributes, among others; of a histogram, how many values it has. */
  value(name: string, attributes?: object): Promise<number | undefined>;
  /** What would be exported, as text. */
  text(): Promise<string>;
}

export function telemetry(): Telemetry {
  const exporter = new InMemorySpanExporter();
  const reader = new Collector();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  };
  return {
    providers: { tracerProvider, meterProvider },
    get spans() {
      return exporter.getFinishedSpans();
    },
    span(name) {
      const found = exporter.getFinishedSpans().filter((span) => span.name === name);
      const [only] = found;
      if (!only || found.length > 1)
        throw new Error(`there are ${found.length} spans ${JSON.stringify(name)}`);
      return only;
    },
    metrics: collect,
    async value(name, attributes = {}) {
      const metric = (await collect()).find(({ descriptor }) => descriptor.name === name);
      const wanted = Object.entries(attributes);
      const point = metric?.dataPoints.find((one) =>
        wanted.every(([key, value]) => one.attributes[key] === value),
      );
      if (!metric || !point) return undefined;
      return metric.dataPointType === DataPointType.HISTOGRAM
        ? (point.value as { count: number }).count
        : (point.value as number);
    },
    async text() {
      const spans = exporter
        .getFinishedSpans()
        .map(({ name, attributes, events, links, status }) => ({ name, attributes, events, links, status }));
      return JSON.stringify([spans, await collect()]);
    },
  };
}
