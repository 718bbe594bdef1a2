/**
 * What is said of a command by the semantic conventions for messaging: its type is the destination, since one handler takes
 * all of a type (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).
 */
import type { Attributes, Histogram, Meter } from '@opentelemetry/api';

/** Seconds, as the conventions ask for. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * Neither the topic nor anything of a person: those are private, and without number.
 *
 * @param operation `await` is none of the conventions' types
 */
export function aboutCommand(operation: 'send' | 'await' | 'process', type: string): Attributes {
  return {
    'messaging.system': 'trunkline',
    'messaging.operation.name': operation,
    ...(operation !== 'await' && { 'messaging.operation.type': operation }),
    'messaging.destination.name': type,
  };
}

/** What went wrong, as one word of few: never a message, which may quote what was sent. */
export const ERROR_TYPE = 'error.type';

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '_OTHER';
}

/** In seconds. */
export function durationOf(meter: Meter, name: string, description: string, bounds = BOUNDS): Histogram {
  return meter.createHistogram(name, {
    unit: 's',
    description,
    advice: { explicitBucketBoundaries: bounds },
  });
}
