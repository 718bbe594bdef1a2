import { WebSocket as PartySocket } from 'partysocket';

/** As it comes, but that its first wait, which it draws from 1 to 5 s, is the shortest. */
export function openPartySocket(url: string): PartySocket {
  return new PartySocket(url, [], { minReconnectionDelay: 1_000 });
}
