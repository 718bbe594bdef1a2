/** What a tab is attached to: the owner in this worker, the way to the one in another, or a word about why there is none. */
import type { PortCall } from '../../src/protocol/calls.ts';
import type { Attached, AttachRequest, Reply, TabSink } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import { refusal } from '../core/reply.ts';

export interface Upstream {
  /** The id in the tab's attachment and in every batch: of whoever holds what the tab has asked for. */
  readonly hub: string;
  /** For people. */
  readonly as: NonNullable<Attached['as']>;
  attach(request: AttachRequest, sink: TabSink): TabId;
  /** A tab that is not known has left already. */
  leave(tab: TabId): void;
  /** Settles always, and with `hub_lost` where it is over. */
  call(tab: TabId, request: PortCall): Promise<Reply<unknown>>;
}

/** A page that lives starts anew on this, and asks again. */
export const HUB_LOST = refusal('hub_lost', 'this hub does not know the page; attach it again');
