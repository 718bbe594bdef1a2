import { type Account, isPendingState, type Receipt } from '../account.ts';
import type { World } from '../world.ts';

/** So many endings a hub keeps, however old. */
const KEPT_OUTCOMES = 50;
/** A `welcome` that takes longer is not waited for. */
const WELCOME_MS = 10_000;
/** By so much a hub's idea of the server's clock may be wrong. */
const CLOCKS_DIFFER_MS = 5_000;
const NEVER_SENT: readonly string[] = ['expired', 'dropped', 'replaced', 'cancelled'];

/** At rest: how a command ended is known, and nothing of it is lost. */
export function judgeAccount(world: World, account: Account): void {
  const { server, problems } = world;
  const { n, command, send, isRetried, isHandedOver, runs, circumstances } = account;
  const about = `command ${n} (${command})`;
  const disk = world.diskOf(account.who);
  const row = [...disk.entries.values()].find((entry) => entry.command['n'] === n);
  const kept = [...disk.outcomes.values()].find((outcome) => outcome.command['n'] === n)?.outcome;
  const isRefused = server.application.refused.has(n);
  const stranger = runs.find((principal) => isStranger(world, account, principal));
  if (stranger) problems.push(`${about} ran in the name of ${stranger}, to whom the outbox does not belong`);
  if (row?.fate.state === 'pending') problems.push(`${about} is still pending`);
  for (const status of [row?.fate.state, kept?.status]) {
    if (status === undefined) continue;
    // What the server has refused for good never ran, nor what it has ended without; a person who retries it may take that back.
    // And what the server has withdrawn never will, nor what it finds past its end.
    const isWithdrawn = status === 'cancelled' && isCancelled(account);
    // A log that came from a backup knows nothing of what it lost, and may not notice it. Who was told that it may have run,
    // and sent it again, hears of that alone from a server that has forgotten.
    const isTrue = runs.length <= account.unnoticed || (isDoubted(account) && circumstances.serverForgot);
    const isPastItsEnd = status === 'expired' && command === 'brief' && isTrue;
    const isToldByServer =
      isWithdrawn || isPastItsEnd || (isRetried && (isRefused || account.isRefusedForGood));
    if (NEVER_SENT.includes(status) && isHandedOver && !isToldByServer)
      problems.push(`${about} may have been sent, and is called ${status}`);
    if (status === 'uncertain' && !mayBeUncertain(world, account))
      problems.push(`${about} is uncertain, though the server never forgot`);
  }
  if (kept && runs.length > 0 && !account.mayBeCalled(kept.status))
    problems.push(`${about} ran, and is called ${kept.status}`);
  const isDurable = send.is === 'taken' && send.durable && !isLostWithPower(account);
  // How the server has ended it, a hub whose store failed had in memory alone; its page is told that nobody knows any more.
  const endedInMemory = world.storeEverFailed && account.isRefusedForGood && !isRetried;
  const isKnown = runs.length > 0 || row || kept || isRefused || endedInMemory || account.discarded !== 'no';
  if (isKnown || wasEnded(account)) return;
  if (isDurable) problems.push(`${about} is lost, though it was durable`);
  else if (send.is === 'taken' && !account.outlivedHub && !account.circumstances.mayLoseHubs)
    problems.push(`${about} is lost, and no hub has died`);
}

/** A hub that cannot read whose the outbox is, cannot know. */
function isStranger(world: World, { who }: Account, principal: string): boolean {
  const owner = world.diskOf(who).principal;
  return !world.isPlain && !world.storeEverFailed && principal !== owner;
}

/** Whoever sent it, and is still there, was answered; whoever was promised an outcome has it, or it may be forgotten. */
export function judgeAnswers(world: World, account: Account): void {
  const { tabs, problems } = world;
  const { n, command, send, receipts } = account;
  const isThere = (tab: number) => tabs.some(({ number }) => number === tab);
  if (send.is === 'asked' && isThere(account.tab))
    problems.push(`command ${n} (${command}): tab ${account.tab} is never answered`);
  for (const { tab, outcome } of receipts) {
    if (outcome === null && isThere(tab))
      problems.push(`command ${n} (${command}): tab ${tab} waits for its outcome for ever`);
  }
  const wasForgotten = receipts.some((receipt) => {
    return receipt.outcome?.status === 'forgotten' && !mayBeForgotten(world, account, receipt);
  });
  if (wasForgotten)
    problems.push(`command ${n} (${command}) is called forgotten, though a hub had stored it`);
}

/** Of how it ended each page is told once. */
export function judgeTellings({ allTabs, storeEverFailed, problems }: World, account: Account): void {
  const { n, command } = account;
  // What was told while the store failed is found out anew by the next hub.
  if (account.id === null || storeEverFailed) return;
  const retries = account.acts.filter(({ wish, answer }) => wish === 'retry' && answer !== 'refused').length;
  for (const { number, endings } of allTabs) {
    const times = endings.get(account.id) ?? 0;
    if (times > 1 + retries)
      problems.push(`command ${n} (${command}): tab ${number} was told ${times} times how it ended`);
  }
}

/** What a sign-out has thrown away, what was in a hub's memory alone, and what ended while many others did. */
function mayBeForgotten({ ledger, storeEverFailed }: World, account: Account, { durable }: Receipt): boolean {
  const isInMemory = !durable || isLostWithPower(account);
  // The server has it, which is durable, too: what it answered, a hub may have had in memory, whose store failed, or which
  // died before its first row was written.
  const endedInMemory = (storeEverFailed || account.firstStored === null) && account.runs.length > 0;
  const areMany = ledger.accounts.length > KEPT_OUTCOMES;
  return isInMemory || endedInMemory || areMany || account.discarded !== 'no';
}

/**
 * Of each key at most one is to be delivered; of those that a newer one replaces, at most one that has not left. What must be
 * durable is not replaced before it is, nor what was wanted again, by which nothing is.
 */
export function judgeKeys({ disks, ledger, storeEverFailed, problems }: World): void {
  for (const { entries } of disks) {
    const keys = new Set<string>();
    for (const { fate, command, topic, replaceKey, maybeSent } of storeEverFailed ? [] : entries.values()) {
      const account = ledger.of(command);
      if (fate.state !== 'pending' || replaceKey === undefined || maybeSent) continue;
      if (account?.requireDurable || account?.isRetried) continue;
      const name = `${topic} ${replaceKey}`;
      if (keys.has(name))
        problems.push(`two commands of ${name} are stored, of which the older was replaced`);
      keys.add(name);
    }
    for (const { fate, dedupeKey } of entries.values()) {
      if (fate.state !== 'pending' || dedupeKey === null) continue;
      if (keys.has(dedupeKey)) problems.push(`two commands of key ${dedupeKey} are stored as pending`);
      keys.add(dedupeKey);
    }
  }
}

/** What was replaced was so by a newer one, which was not itself replaced. Of two pages nobody knows whose came first. */
export function judgeReplaced({ ledger, problems }: World, account: Account): void {
  const { n, command, topic, key, who, tab, isReplaced } = account;
  if (!isReplaced) return;
  const hasNewer = ledger.accounts.some((other) => {
    const isOfKey =
      other.command === command && other.topic === topic && other.key === key && other.who === who;
    return isOfKey && !other.isReplaced && (other.n > n || other.tab !== tab) && !isNotTaken(other);
  });
  if (!hasNewer) problems.push(`command ${n} (${command}) was replaced, and is the newest of its key`);
}

function isNotTaken({ send }: Account): boolean {
  return send.is === 'refused' && !['hub_lost', 'unconfirmed'].includes(send.code);
}

/**
 * The server has forgotten, or nobody can say any more what it remembers; or a hub died over it, and the next one had
 * another decision of its gate; or it was taken back, and the server could not be asked; or it may have been sent
 * at a time at which no server is known to have been at work.
 */
function mayBeUncertain(world: World, account: Account): boolean {
  const { ledger, clockEverJumped } = world;
  const { serverForgot, serversClockWasSet } = ledger.circumstances;
  return (
    serverForgot ||
    clockEverJumped ||
    serversClockWasSet ||
    hasTwin(world, account) ||
    isCancelled(account) ||
    isOfNoRecord(world, account) ||
    // Of what was sent and has ended since, a plain server is not asked.
    (world.isPlain && account.command === 'brief')
  );
}

/** Another decision of its gate was made. */
function hasTwin({ ledger }: World, account: Account): boolean {
  const { command, key, who } = account;
  return (
    command === 'choose' &&
    ledger.accounts.some(
      (other) => other !== account && other.command === command && other.key === key && other.who === who,
    )
  );
}

function isOfNoRecord({ server: { workRecords } }: World, account: Account): boolean {
  const { askedAt, leftAt, outlivedHub, isOfferedAnew, uncertainAt, circumstances } = account;
  // When it left a hub that its page has lost, the next one does not know, but for when it was asked for, and that by a
  // `welcome` which may have been under way for as long.
  if (isOfferedAnew && workRecords.hasGap(askedAt - WELCOME_MS, uncertainAt)) return true;
  // What left as a server began went to the one before it; when that was, a hub may be wrong about, and one that was offered
  // it before it could read its row knows only that it was not before it was asked for.
  const beganBy = outlivedHub && circumstances.storeFailed ? askedAt : leftAt - CLOCKS_DIFFER_MS;
  const leftUnrecorded = leftAt > 0 && !workRecords.keptRecordAt(leftAt, beganBy);
  return leftUnrecorded || !workRecords.keptRecordAt(askedAt, Infinity);
}

function isCancelled({ acts }: Account): boolean {
  return acts.some(({ wish }) => wish === 'cancel');
}

/** A person has sent it again, of which it was not known whether it had run. */
function isDoubted({ acts }: Account): boolean {
  return acts.some(
    ({ wish, seen, answer }) => wish === 'retry' && seen === 'uncertain' && answer !== 'refused',
  );
}

/** What is stored relaxed may be lost with the power. */
function isLostWithPower({ outlivedPowerLoss, command }: Account): boolean {
  return outlivedPowerLoss && /note|turn|brief/.test(command);
}

/** A person was told that it is over, or has put it away. */
function wasEnded({ tellings, acts, isReplaced }: Account): boolean {
  const isAway = acts.some(
    ({ wish, seen, answer }) => wish === 'dismiss' && answer !== 'refused' && !isPendingState(seen),
  );
  return isReplaced || tellings.some((status) => status !== 'forgotten') || isAway;
}

/** In the order of their arrival, for each tab, topic and priority. */
export function judgeOrder(world: World): void {
  const { server, ledger, storeEverFailed, problems } = world;
  // A hub that cannot read what an earlier one stored sends what comes, and that later.
  if (storeEverFailed) return;
  const position = new Map(server.chronicle.accepted.map(({ n }, index) => [n, index]));
  const highs = ledger.accounts.filter((account) => isHigh(account) && account.send.is === 'taken');
  for (const [i, first] of highs.entries()) {
    const second = highs.slice(i + 1).find(({ tab, topic }) => tab === first.tab && topic === first.topic);
    if (!second || first.acts.length > 0 || second.acts.length > 0) continue;
    if (wasRefusedUnheard(world, first, second)) continue;
    const [a, b] = [position.get(first.n), position.get(second.n)];
    if (a !== undefined && b !== undefined && a > b)
      problems.push(`command ${second.n} was accepted before command ${first.n}, which was sent first`);
  }
}

/**
 * A hub refused the first, as another decision of its gate was pending or the outbox full, took the second, and died before
 * its page heard of either. The page offers both to the next hub, which has the second from the store, and may have sent it
 * already when it hears of the first: what a person sees is a refusal that was lost, and a command that is taken only now.
 */
function wasRefusedUnheard(world: World, first: Account, second: Account): boolean {
  const mayBeRefused = hasTwin(world, first) || !world.isRoomy;
  const isBehind = (first.firstStored ?? Infinity) > (second.firstStored ?? Infinity);
  return mayBeRefused && isBehind && first.isOfferedAnew && !second.isOfferedAnew;
}

function isHigh({ command }: Account): boolean {
  return command === 'decide' || command === 'choose' || command === 'later' || command === 'count';
}
