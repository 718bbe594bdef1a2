/**
 * How frames become text. Events and results are kept as JSON text and put into their frames as they are: they are never
 * parsed again, however many clients and replays they go to. The tests read what is written here with the frames' schemas.
 */
import type { ServerFrame } from '../../protocol/frames/index.ts';
import type { JsonText, LoggedEvent } from '../log/event-log.ts';

export function frameText(frame: ServerFrame): string {
  return JSON.stringify(frame);
}

/** `prev` is the offset of the last event before it that the client was given. */
export function eventText(topic: string, event: LoggedEvent, prev: number): string {
  const before = prev === event.offset - 1 ? '' : `,"prev":${prev}`;
  return `{"type":"event","topic":${JSON.stringify(topic)},${itemHead(event)}${before}${event.critical ? ',"ack":true' : ''},"event":${event.event}}`;
}

export function redeliveryText(topic: string, event: LoggedEvent): string {
  return `{"type":"event","topic":${JSON.stringify(topic)},${itemHead(event)},"ack":true,"redelivery":true,"event":${event.event}}`;
}

export function itemText(event: LoggedEvent): string {
  return `{${itemHead(event)},"event":${event.event}}`;
}

export function commandAckText(id: string, duplicate: boolean, result: JsonText | null): string {
  return `{"type":"command_ack","id":${JSON.stringify(id)}${duplicate ? ',"duplicate":true' : ''}${result === null ? '' : `,"result":${result}`}}`;
}

function itemHead({ offset, ts, key, gone }: LoggedEvent): string {
  return `"offset":${offset},"ts":${ts}${key === null ? '' : `,"key":${JSON.stringify(key)}`}${gone ? ',"gone":true' : ''}`;
}
