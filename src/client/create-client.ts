/** How the parts of a client are put together, and which of them gets what of a hub's batch. */
import { address, webSocketUrl, withoutSecrets } from '../protocol/address.ts';
import type { HubPort } from '../protocol/calls.ts';
import { closedLocally } from '../protocol/closed-locally.ts';
import type { ClosedReason } from '../protocol/closed-reason.ts';
import { persistentType } from '../protocol/interpret.ts';
import type { Connection, Diagnosis } from '../protocol/model.ts';
import type { Batch } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import { createBackgroundSync } from './background-sync.ts';
import { browser } from './browser.ts';
import { checkAddress } from './check-address.ts';
import { createClock } from './clock.ts';
import { TrunklineError } from './errors.ts';
import { Frame } from './frame.ts';
import { judgeCommand } from './judge-command.ts';
import { Link } from './link.ts';
import { createLogger, createReport } from './log.ts';
import { createOffers } from './offers.ts';
import { createOutbox } from './outbox.ts';
import type { PagePlatform } from './platform.ts';
import { cell } from './readable.ts';
import { createReceipts } from './receipts.ts';
import { createSignOutMark } from './sign-out-mark.ts';
import { createStorage } from './storage.ts';
import { createTopic } from './topic.ts';
import type { Client, CreateClientOptions, SendOptions } from './types.ts';

/**
 * This tab's side of a trunk. Nothing happens before the first `send`, or the first listener to anything: that starts the
 * hub, or joins the one that other tabs have started.
 *
 * @throws TypeError for a `url` that no browser takes here.
 */
export function createClient<P extends AnyProtocol>(protocol: P, options: CreateClientOptions): Client<P> {
  return createClientOn(browser, protocol, options);
}

export function createClientOn<P extends AnyProtocol>(
  platform: PagePlatform,
  protocol: P,
  options: CreateClientOptions,
): Client<P> {
  const logger = createLogger(options.log);
  const report = createReport(logger, options.onError);
  const offers = createOffers();
  const frame = new Frame(platform);
  const clock = createClock(platform);
  const topics = new Map<string, ReturnType<typeof createTopic>>();
  const connection = cell<Connection>(closedLocally('idle'), report, () => link.start());
  /** Where to. What a function gave may hold a secret in its path, too. */
  let where = '';
  if (typeof options.url !== 'function' && platform.isPage()) {
    where = withoutSecrets(webSocketUrl(options.url, platform.baseUrl()));
    checkAddress(where, platform.baseUrl());
  }
  /** For which reasons it was told already that there is no connection. */
  const told = new Set<ClosedReason>();
  let isSigningOut = false;

  const receive = (batch: Batch) => {
    const { connection: now, tokenRequest } = batch;
    // Our own signing out is known by its answer, which is still to come.
    const closed = now?.state === 'closed' ? now.reason : null;
    if (closed !== 'signed_out') now && show(now);
    else if (!isSigningOut) signedOut();
    if (closed === 'identity_mismatch') forgetShown();
    clock.heard(batch);
    const settled = mirror.settle(batch);
    for (const { id } of settled) link.ended(id);
    mirror.receive(batch);
    storage.receive(batch);
    background?.changed();
    for (const update of batch.topics ?? []) topics.get(update.topic)?.feed.update(update);
    mirror.tell(settled);
    // What may be shown no more waits for no frame, and all that came with it goes along.
    if (batch.topics?.some((update) => update.kind === 'saved' && update.isVoid)) frame.now();
    if (tokenRequest !== undefined) answer(tokenRequest);
    if (batch.diagnose !== undefined) diagnose(batch.diagnose);
    for (const line of batch.reports ?? []) {
      if (line.kind === 'log') logger[line.level](`[trunkline hub] ${line.message}`);
      else report(new TrunklineError(line.code, line.message));
    }
  };

  const show = (now: Connection) => {
    connection.set(now);
    if (now.state !== 'closed' || !now.detail || told.has(now.reason)) return;
    told.add(now.reason);
    const { closeCode, message = `code ${closeCode}; browsers hide what was answered` } = now.detail;
    logger.warn(
      `[trunkline] no connection to ${where}: ${now.reason}, ${message}; see "When it does not work" in its guide`,
    );
  };

  const answer = async (request: number) => {
    const answered = await address(platform.baseUrl(), options);
    if ('url' in answered) where = new URL(`${answered.url}`).origin;
    link.answer((hub) => hub.token(request, answered));
  };

  const diagnose = async (outage: number) => {
    const find = options.diagnose;
    if (typeof find !== 'function') return;
    const diagnosis = await new Promise<Diagnosis>((found) => found(find())).catch(
      (): Diagnosis => ({ cause: 'unknown' }),
    );
    link.answer((hub) => hub.diagnosed(outage, diagnosis));
  };

  /** Somebody else sits here: also what the hub knows nothing of any more, of topics that nobody listens to. */
  const forgetShown = () => {
    if (persistentType(protocol) !== undefined) for (const { feed } of topics.values()) feed.void();
    frame.now();
  };

  const signedOut = () => {
    link.close('signed_out', 'Signed out; create a new client');
    forgetShown();
  };

  const closeIfSignedOut = () => {
    const isOver = mark.isOver();
    if (isOver) signedOut();
    return isOver;
  };

  const mark = createSignOutMark(platform, protocol.app, options.identity);
  const link = new Link(platform, protocol, options, {
    report,
    closeIfSignedOut,
    remembered() {
      // A hub that cannot read its store knows nothing of a sign-out that another hub has done. Our own is known by its answer,
      // which is still to come.
      if (!isSigningOut) closeIfSignedOut();
    },
    begunAfter: mark.begunAfter,
    received: receive,
    connection: show,
    attached({ hub, as = 'unknown' }) {
      logger.debug(`[trunkline] attached to hub ${hub}; here it is: ${as}`);
      for (const { feed } of topics.values()) feed.resume();
      receipts.resume();
    },
    lost() {
      frame.now();
      for (const { feed } of topics.values()) feed.lost();
    },
    hidden() {
      frame.now();
      background?.hidden();
    },
  });
  const receipts = createReceipts(protocol, link, frame, report);
  const storage = createStorage(platform, protocol.app, options.identity, () => link.start(), report);
  const mirror = createOutbox(link, clock.asked, receipts, storage.state, frame, report);
  const background = options.background
    ? createBackgroundSync(platform, protocol.app, connection.get, mirror.newest, logger)
    : null;

  const client = {
    connection,
    outbox: mirror.outbox,
    topic(name: string) {
      const known = topics.get(name) ?? createTopic(name, link, frame, report);
      topics.set(name, known);
      return known.topic;
    },
    async send(type: string, payload: object = {}, sendOptions: SendOptions = {}) {
      link.check();
      const command = judgeCommand(protocol, platform.uuid(), type, payload, sendOptions);
      const asked = clock.asked();
      const serverAskedAt = clock.server();
      let isAgain = false;
      const offer = (hub: HubPort) => {
        const when = asked();
        const maybeSentMs = isAgain ? platform.now() - when.askedAt : null;
        isAgain = true;
        return offers(hub, { ...command, maybeSentMs, ...when, serverAskedAt });
      };
      const kept = link.change(offer, true, command.id);
      background?.sends(kept);
      return receipts.wait(command.id, type, kept);
    },
    now: clock.now,
    clock: clock.read,
    reconnect() {
      link.check();
      // Where no hub can be had, `connection` says so.
      link.call((hub) => hub.reconnect()).catch(() => {});
    },
    async signOut({ discard = false }: { discard?: boolean } = {}) {
      isSigningOut = true;
      const number = mark.ask();
      let isAwaited = true;
      try {
        // After what was sent in this turn, which is handed over at its end.
        let wasAsked = false;
        const entries = await link.change(async (hub) => {
          const isAgain = wasAsked;
          wasAsked = true;
          await null;
          // Of what is thrown away once nobody waits any more, nobody would hear.
          const reply = await hub.signOut(discard && isAwaited, number);
          // The hub that was asked first may have done it.
          return isAgain && !reply.ok && reply.code === 'storage_unavailable'
            ? { ...reply, code: 'unconfirmed' as const }
            : reply;
        });
        mark.make(number);
        signedOut();
        return entries;
      } catch (error) {
        // Another tab was first.
        if (error instanceof TrunklineError && error.code === 'closed') signedOut();
        throw error;
      } finally {
        isAwaited = false;
        isSigningOut = false;
        closeIfSignedOut();
      }
    },
    persist: storage.persist,
    inspect: () => link.call((hub) => hub.inspect()),
    close: () => link.close('idle', 'This client was closed'),
  };
  // An engine may lack the symbol (https://caniuse.com/mdn-javascript_builtins_symbol_asyncdispose).
  if (Symbol.asyncDispose) Object.assign(client, { [Symbol.asyncDispose]: client.close });
  // The types end here: the hub gives what the protocol's schemas put out, from which `P` is inferred.
  return client as unknown as Client<P>;
}
