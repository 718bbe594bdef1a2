/** What this client tells each hub of itself: by it a hub knows what happened to the client under the hubs before. */
import { webSocketUrl } from '../protocol/address.ts';
import type { AttachRequest, Batch } from '../protocol/port.ts';
import type { AnyProtocol } from '../protocol/types.ts';
import type { PagePlatform } from './platform.ts';
import type { CreateClientOptions } from './types.ts';

export function createAttachRequests(
  { uuid, now, isVisible, baseUrl }: PagePlatform,
  { app, version: appVersion }: AnyProtocol,
  { identity, url, dialect = 'trunkline.v1', token, diagnose, hidden }: CreateClientOptions,
) {
  /** What changes from hub to hub. */
  const known: Pick<AttachRequest, 'session' | 'askedAt' | 'settledSince' | 'signOuts' | 'principal'> = {};
  return {
    /** @throws TypeError for an address that is none. */
    toHub(lease: string, begunAfter: number): AttachRequest {
      known.session ??= uuid();
      const request = {
        app,
        appVersion,
        identity,
        url: typeof url === 'function' ? null : webSocketUrl(url, baseUrl()),
        dialect,
        lease,
        visible: isVisible(),
        live: hidden === 'live' || undefined,
        hasToken: Boolean(token),
        diagnose: diagnose && (diagnose === true ? ('hub' as const) : ('tab' as const)),
        begunAfter,
        ...known,
      };
      known.askedAt ??= now();
      return request;
    },
    heard({ settled = [], signOuts = known.signOuts, principal }: Batch) {
      const numbers = settled.map(({ n = 0 }) => n);
      known.settledSince = Math.max(known.settledSince ?? 0, ...numbers);
      known.signOuts = signOuts;
      // Whose the commands here are, whoever else the server may take a later hub for.
      known.principal ??= principal;
    },
  };
}
