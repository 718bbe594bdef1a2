/** What is told of a command in the server that runs it: each call of its handler, and how that call's transaction came out. */
import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { aboutCommand, durationOf, ERROR_TYPE, nameOf } from '../../telemetry/messaging.ts';
import { meterOf, type TelemetryOptions, tracerOf } from '../../telemetry/options.ts';
import { type Stopwatch, stopwatch } from '../../telemetry/stopwatch.ts';
import { spanContextOf } from '../../telemetry/traceparent.ts';
import type { AnyHandler } from '../core/application.ts';
import type { Handlers } from '../handlers.ts';
import { Reject } from '../reject.ts';

export interface CommandTelemetryOptions extends TelemetryOptions {
  /**
   * How a call of a handler belongs to the span in which a page sent its command. `link`: it begins a trace of its own, with a link
   * there, so that a command that waited for days makes no trace of days, and no page decides what this server samples. `parent`:
   * it is a child of that span. @default 'link'
   */
  readonly sentBy?: 'link' | 'parent';
}

/** One call of a handler. */
type Call =
  | { readonly state: 'running' }
  /** `since`: what it did is about to be committed, as far as the server takes it. */
  | { readonly state: 'returned'; readonly since: Stopwatch }
  | { readonly state: 'ended' };
/** How it ended. */
type Ended =
  | { readonly outcome: 'returned' }
  | { readonly outcome: 'rejected' | 'deferred'; readonly code: string }
  | { readonly outcome: 'failed'; readonly error: string };

/**
 * The same handlers, but that each call of one is a span, which is active while it runs, and its commit another one. Give them to
 * `createServer`. `docs/telemetry.md` has the spans, their attributes and the metrics.
 */
export function instrumentCommands<P>(
  handlers: Handlers<P>,
  options: CommandTelemetryOptions = {},
): Handlers<P> {
  const instrument = instrumenting(options);
  // By its name alone: `Handlers<P>` has checked them, and each stays what it is.
  const all = Object.entries(handlers as unknown as Record<string, AnyHandler>);
  const instrumented = all.map(([type, handler]) => [type, instrument(type, handler)] as const);
  return Object.fromEntries(instrumented) as unknown as Handlers<P>;
}

function instrumenting(options: CommandTelemetryOptions): (type: string, handler: AnyHandler) => AnyHandler {
  const tracer = tracerOf(options);
  const meter = meterOf(options);
  const processing = durationOf(meter, 'messaging.process.duration', 'Of one call of a handler');
  const consumed = meter.createCounter('messaging.client.consumed.messages', {
    unit: '{message}',
    description: 'Commands that were given to their handler, once for each call',
  });

  const begin = (type: string, { id, attempt, traceparent }: Parameters<AnyHandler>[1]): Span => {
    const sent = spanContextOf(traceparent);
    const isParent = options.sentBy === 'parent';
    const attributes: Attributes = { ...aboutCommand('process', type), 'trunkline.command.attempt': attempt };
    if (options.recordIds) attributes['messaging.message.id'] = id;
    const links = sent && !isParent ? [{ context: sent }] : [];
    // What is active here is whatever began the lane of the command, or its socket.
    const within = sent && isParent ? trace.setSpanContext(ROOT_CONTEXT, sent) : ROOT_CONTEXT;
    return tracer.startSpan(`process ${type}`, { kind: SpanKind.CONSUMER, attributes, links }, within);
  };

  /** Once it is certain: where the log cannot tell, there is none. */
  const tellTransaction = (type: string, call: Span, { startedAt, now }: Stopwatch, ending: string) => {
    const attributes = { 'messaging.destination.name': type, 'trunkline.transaction.ending': ending };
    const within = trace.setSpan(ROOT_CONTEXT, call);
    tracer.startSpan(`commit ${type}`, { startTime: startedAt, attributes }, within).end(now());
  };

  return (type, handler) => async (command, handed) => {
    const span = begin(type, handed);
    const about = aboutCommand('process', type);
    const watch = stopwatch();
    consumed.add(1, about);
    let call: Call = { state: 'running' };
    const end = (how: Ended, next: Call = { state: 'ended' }) => {
      if (call.state !== 'running') return;
      call = next;
      const outcome = { 'trunkline.handler.outcome': how.outcome };
      const error = how.outcome === 'failed' ? { [ERROR_TYPE]: how.error } : {};
      span.setAttributes({ ...outcome, ...error });
      if ('code' in how) span.setAttribute('trunkline.refusal.code', how.code);
      if (how.outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      processing.record(watch.elapsed() / 1_000, { ...about, ...outcome, ...error });
    };
    const transaction = (ending: 'committed' | 'rolled_back') => {
      // Nobody waits any more for a handler that runs: it took too long.
      end({ outcome: 'failed', error: 'timeout' });
      if (call.state === 'returned') tellTransaction(type, span, call.since, ending);
    };
    handed.afterCommit(() => transaction('committed'));
    handed.afterRollback(() => transaction('rolled_back'));
    try {
      const result = await context.with(trace.setSpan(ROOT_CONTEXT, span), () => handler(command, handed));
      end({ outcome: 'returned' }, { state: 'returned', since: stopwatch() });
      return result;
    } catch (error) {
      end(
        error instanceof Reject
          ? { outcome: error.retry ? 'deferred' : 'rejected', code: error.code }
          : { outcome: 'failed', error: nameOf(error) },
      );
      throw error;
    }
  };
}
