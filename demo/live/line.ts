/** What passes between the hub's worker and the page that holds the server, in place of a network. */

/** The BroadcastChannels of the two directions. What one context of the origin posts, all others hear. */
export const TO_SERVER = 'live-promise: to the server';
export const TO_HUB = 'live-promise: to the hub';

/** `socket`: an id for each. */
export type ToServer =
  | { readonly type: 'open'; readonly socket: string }
  | { readonly type: 'message'; readonly socket: string; readonly text: string }
  | { readonly type: 'close'; readonly socket: string };

export type ToHub =
  | { readonly type: 'opened'; readonly socket: string }
  | { readonly type: 'message'; readonly socket: string; readonly text: string }
  | { readonly type: 'closed'; readonly socket: string; readonly code: number; readonly reason: string }
  /** Every socket is lost. */
  | { readonly type: 'cut' };

/** The browser's own code for a socket that was lost or never came to be. */
export const ABNORMAL_CLOSURE = 1006;
