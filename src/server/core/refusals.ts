/** Why handshakes are refused, as far as whoever runs the server can change something: what they are told, and how often. */
import { onceEach, type Report } from './report.ts';

/** What can be done about each. */
const ADVICE = {
  origin:
    'if they are yours, add their origin to `allowedOrigins`; `self` is the host of the request, which a proxy has to pass on',
  path: 'give pages the address of a path that is served (`path` of `server.attach`, `listen.path` of `trunkline serve`)',
  upgrade:
    'either no WebSocket client has asked, or something in between changes its headers (`Upgrade`, `Connection`, `Sec-WebSocket-*`)',
  subprotocol:
    'connect by the hub of this package, and have a proxy in between pass on `Sec-WebSocket-Protocol`',
  hello: 'connect by the hub of this package, of a version that speaks this protocol',
  late_hello:
    'where it was a hub, its line was too slow, or something in between keeps back what it says: raise `limits.handshakeMs`',
  early_bytes: 'raise `limits.handshakeBytes` where tokens are that large',
  application:
    'give `app` of the definition (`defineProtocol`) the same name on both sides, or pages the address of their own server',
  version: 'have these pages reloaded, or let `acceptsVersions` take theirs',
  no_token:
    '`authenticate` takes nobody without a token: give the tabs one (`token`), or send its cookies to this address',
  token:
    'one that has expired is usual; where nobody comes in, compare what signs the tokens with what `authenticate` expects',
  foreign_client:
    'pages that change the person have to sign out first, or to name each by an `identity` of their own',
  crowd: 'raise `limits.handshakes`, unless somebody opens sockets without an end',
  connections_of_principal:
    'raise `limits.connectionsPerPrincipal`, unless one person is many: is the right claim the principal?',
  connections_from_address:
    'raise `limits.connectionsPerAddress`; behind a proxy all of them come from its address, so let the proxy count',
  frames: 'raise `limits.framesPerSecond`, unless somebody floods this server',
  late_check:
    'the log, or whom `authenticate` asks, is too slow: see what else is reported, or raise `limits.handshakeMs`',
} as const satisfies Record<string, string>;

export type RefusalReason = keyof typeof ADVICE;
export interface Refusal {
  readonly reason: RefusalReason;
  /** As the client is told. */
  readonly message: string;
}
/** @param origin of the page; `undefined` where the request names none. */
export type TellRefusal = (origin: string | undefined, refusal: Refusal) => void;

/** For each reason: anybody can name any origin, and is not to use up what is told of other reasons. */
const ORIGINS_TOLD = 20;
/** Clients have a part in what is told. */
const LONGEST = 200;

/** Reports each reason once for each origin. */
export function refusals(report: Report): TellRefusal {
  const tellOf = new Map<RefusalReason, ReturnType<typeof onceEach>>();
  return (origin, { reason, message }) => {
    const tell = tellOf.get(reason) ?? onceEach(report, ORIGINS_TOLD);
    tellOf.set(reason, tell);
    const whose = origin === undefined ? 'requests without an origin' : `pages of ${shortened(origin)}`;
    const said = JSON.stringify(shortened(message));
    tell(`${whose} are refused, and told ${said}: ${ADVICE[reason]}`, 'a handshake', whose);
  };
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
