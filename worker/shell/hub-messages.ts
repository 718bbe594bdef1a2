/** What the hubs of one browser say to each other, of an app and identity, over BroadcastChannels. */
import type { PortCall } from '../../src/protocol/calls.ts';
import { scopeName } from '../../src/protocol/names.ts';
import type { AttachRequest, Batch, Reply } from '../../src/protocol/port.ts';
import type { TabId } from '../core/io.ts';
import type { Build } from './newer-build.ts';

/**
 * The version of the messages between a relay and its owner. Those that find the owner, `FindMessage`, never change: by them hubs
 * of any two builds learn that they cannot relay to each other.
 */
export const RELAY_VERSION = 1;

/** What is posted to all hubs, on the common channel. */
export type FindMessage =
  /** A hub with tabs, which is not the owner: the owner is to answer on its own channel. */
  | { readonly find: 'who'; readonly from: string; readonly build: Build; readonly isBackground?: false }
  /**
   * A service worker with a token and no tabs: an owner without tabs, which can ask nobody for one, hands over to it where it can
   * get no line by itself; else it tries at once. Nobody answers. Older builds do not know `isBackground`: `build` is newer than none, so that one with tabs keeps what it has.
   */
  | { readonly find: 'who'; readonly from: string; readonly build: Build; readonly isBackground: true }
  /** A service worker whose time is over: an owner that has tabs says so as to `who`. Older builds do not know the word. */
  | { readonly find: 'tabs'; readonly from: string }
  /** Somebody has taken the ownership. */
  | { readonly find: 'taken' }
  /** Somebody has signed out. Hubs that work through the owner hear it from that one; older builds do not know the word. */
  | { readonly find: 'signed_out' };

/** The owner's answer to `who`, on the asker's own channel; it listens there from then on. */
export interface OwnerNotice {
  readonly find: 'owner';
  /** Fresh for each ownership. */
  readonly owner: string;
  readonly relayVersion: number;
  /** It is about to hand over to the asker: to relay for a moment would show new tabs what the old build reads. */
  readonly yields: boolean;
}

/** What is posted on the relay's own channel. Every message names the ownership that it is meant for. */
export type ToOwner = { readonly owner: string } & (
  | { readonly relay: 'attach'; readonly tab: TabId; readonly request: AttachRequest }
  | { readonly relay: 'leave'; readonly tab: TabId }
  | { readonly relay: 'call'; readonly tab: TabId; readonly call: number; readonly request: PortCall }
  /** The tab's reply to a delivery. */
  | { readonly relay: 'credit'; readonly tab: TabId; readonly delivery: number }
);
export type ToRelay = { readonly owner: string } & (
  | { readonly relay: 'deliver'; readonly tab: TabId; readonly delivery: number; readonly batch: Batch }
  | { readonly relay: 'reply'; readonly call: number; readonly reply: Reply<unknown> }
);

export function commonChannel(app: string, identity: string): string {
  return `${scopeName(app, identity)}:hubs`;
}

export function relayChannel(app: string, identity: string, hubId: string): string {
  return `${scopeName(app, identity)}:relay:${hubId}`;
}
