/** What is told of a command in the page that sends it: its way to the hub, and from there to its outcome. */
import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TrunklineError } from '../client/errors.ts';
import type { Client, Receipt, SendArguments, SendOptions } from '../client/types.ts';
import type { Outcome } from '../protocol/model.ts';
import type { CommandType, PayloadOf, ResultOf } from '../protocol/types.ts';
import { aboutCommand, durationOf, ERROR_TYPE, nameOf } from '../telemetry/messaging.ts';
import { meterOf, type TelemetryOptions, tracerOf } from '../telemetry/options.ts';
import { stopwatch } from '../telemetry/stopwatch.ts';
import { spanContextOf, traceparentOf } from '../telemetry/traceparent.ts';

/** Seconds: a command may wait for days. */
const OUTCOME_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400];
/** Of these a person has to know. */
const FAILURES: readonly Outcome['status'][] = ['rejected', 'uncertain', 'expired', 'dropped'];

/**
 * The same client, but that each `send` is a span, whose context goes with the command: to the hub, onto the device, and over
 * the wire at each attempt. Give this one to whatever sends. What is retried by `outbox.retry` stays in the trace in which it was
 * sent. `docs/telemetry.md` has the spans, their attributes and the metrics.
 */
export function instrumentClient<P>(client: Client<P>, options: TelemetryOptions = {}): Client<P> {
  const tracer = tracerOf(options);
  const meter = meterOf(options);
  const sending = durationOf(
    meter,
    'messaging.client.operation.duration',
    'From send until the hub had the command',
  );
  const ending = durationOf(
    meter,
    'trunkline.command.duration',
    'From send until the page that sent it knew how the command ended',
    OUTCOME_BOUNDS,
  );

  /** Told once it has ended: a page that dies before has nothing left open. */
  const awaitOutcome = (type: string, sent: Span, outcome: Promise<Outcome>, elapsed: () => number) => {
    const watch = stopwatch();
    outcome.then((how) => {
      const attributes = { ...aboutCommand('await', type), 'trunkline.command.outcome': how.status };
      const within = trace.setSpan(context.active(), sent);
      const span = tracer.startSpan(`await ${type}`, { startTime: watch.startedAt, attributes }, within);
      if (FAILURES.includes(how.status)) span.setStatus({ code: SpanStatusCode.ERROR });
      if (how.status === 'rejected') span.setAttribute(ERROR_TYPE, how.code);
      span.end(watch.now());
      ending.record(elapsed() / 1_000, attributes);
    });
  };

  const send = async <T extends CommandType<P>>(
    type: T,
    ...args: SendArguments<PayloadOf<P, T>>
  ): Promise<Receipt<ResultOf<P, T>>> => {
    // What the conditional type comes to in either case.
    const [payload, given = {}] = args as readonly [payload?: PayloadOf<P, T>, options?: SendOptions];
    const attributes = aboutCommand('send', type);
    const origin = spanContextOf(given.traceparent);
    const links = origin ? [{ context: origin }] : [];
    const span = tracer.startSpan(`send ${type}`, { kind: SpanKind.PRODUCER, attributes, links });
    const watch = stopwatch();
    // One that the application has chosen stays.
    const traceparent = given.traceparent ?? traceparentOf(span.spanContext());
    const told = [payload, traceparent === undefined ? given : { ...given, traceparent }];
    let failure: Attributes = {};
    try {
      const receipt = await context.with(trace.setSpan(context.active(), span), () =>
        client.send(type, ...(told as unknown as typeof args)),
      );
      span.setAttribute('trunkline.command.durable', receipt.durable);
      if (options.recordIds) span.setAttribute('messaging.message.id', receipt.id);
      awaitOutcome(type, span, receipt.outcome, watch.elapsed);
      return receipt;
    } catch (error) {
      failure = { [ERROR_TYPE]: error instanceof TrunklineError ? error.code : nameOf(error) };
      span.setAttributes(failure);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
      sending.record(watch.elapsed() / 1_000, { ...attributes, ...failure });
    }
  };
  return { ...client, send };
}
