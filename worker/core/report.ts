/** What `inspect()` shows of a hub. */
import type { HubReport } from '../../src/protocol/model.ts';
import type { Connection } from './connection/connection.ts';
import type { Context } from './context.ts';
import * as outbox from './outbox/outbox.ts';
import type { OutboxState } from './outbox/outbox-state.ts';
import type { Route } from './route.ts';
import type { SavedStates } from './saved-states.ts';
import type { StoreWriter } from './store-writer.ts';
import type { Tabs } from './tab-batches.ts';
import type { Topics } from './topics/topics.ts';

/** What `inspect()` is told of. */
export interface Reported {
  readonly context: Context;
  readonly role: HubReport['role'];
  readonly route: Route;
  readonly connection: Connection;
  readonly view: HubReport['connection'];
  readonly writer: StoreWriter;
  readonly unreadableRows: number;
  readonly box: OutboxState;
  readonly tabs: Tabs;
  readonly topics: Topics;
  readonly savedStates: SavedStates | null;
}

/** No token, no payload, and of the URL the origin alone. */
export function reportOf({
  context: { ownershipId, identity, protocol, counts },
  role,
  route,
  connection,
  view,
  writer,
  unreadableRows,
  box,
  tabs,
  topics,
  savedStates,
}: Reported): HubReport {
  return {
    hub: ownershipId,
    app: protocol.app,
    appVersion: protocol.version,
    identity,
    role,
    origin: route.origin || null,
    connection: view,
    sockets: connection.sockets,
    storage: writer.storage,
    unreadableRows,
    savedState: savedStates?.report ?? null,
    outbox: outbox.counts(box),
    tabs: tabs.report,
    topics: [...topics.all].map((topic) => ({
      name: topic.name,
      status: topic.status(0, topic.gaps),
      tabs: topic.readers.size,
      ...topic.sizes,
    })),
    rates: { eventsPerSecond: tabs.eventsPerSecond },
    counts: { ...counts },
  };
}
