/**
 * A span's context as the frame of a command carries it: always as W3C writes it, whichever propagator is registered, since
 * page and server need not be of one build.
 */
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';
import { isTraceparent, TRACEPARENT } from '../protocol/traceparent.ts';

/** `undefined` where no tracer is registered. */
export function traceparentOf(span: SpanContext): string | undefined {
  if (!isSpanContextValid(span)) return undefined;
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}

/** `undefined` for what is none. */
export function spanContextOf(traceparent: string | null | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = (isTraceparent(traceparent) && TRACEPARENT.exec(traceparent)) || [];
  if (!traceId || !spanId || !flags) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
