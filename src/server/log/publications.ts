/** What is kept of a publication that has a name, and what another one of that name comes to. */
import {
  type Committed,
  type CommittedEvent,
  type EventPlace,
  PUBLICATION_KEEP_MS,
  type PublicationName,
} from './event-log.ts';

export interface HeldPublication {
  readonly digest: string;
  readonly at: number;
  /** Of its events, in their order. */
  readonly places: readonly EventPlace[];
}

/** `null`: it is the first one of its name, or none of it is kept any more. */
export function repeatOf(
  { digest }: PublicationName,
  held: HeldPublication | null,
  now: number,
): Committed | null {
  if (!held || held.at < now - PUBLICATION_KEEP_MS) return null;
  return held.digest === digest ? { status: 'repeated', places: held.places } : { status: 'key_reused' };
}

export function placesOf(events: readonly CommittedEvent[]): EventPlace[] {
  return events.map(({ topic, epoch, event }) => ({ topic, epoch, offset: event.offset }));
}
