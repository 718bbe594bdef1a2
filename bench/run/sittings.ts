/** Which cases there are, in which order, with how many tabs, and who is asked them. */
import { burst } from '../cases/burst.ts';
import { commands } from '../cases/commands.ts';
import { conflation } from '../cases/conflation.ts';
import { cost } from '../cases/cost.ts';
import { fanOut } from '../cases/fan-out.ts';
import { firstState } from '../cases/first-state.ts';
import { flood } from '../cases/flood.ts';
import { hidden } from '../cases/hidden.ts';
import { keeping } from '../cases/keeping.ts';
import { memory } from '../cases/memory.ts';
import { newTab } from '../cases/new-tab.ts';
import { outage } from '../cases/outage.ts';
import { outbox } from '../cases/outbox.ts';
import { pong } from '../cases/pong.ts';
import { sharedLog } from '../cases/shared-log.ts';
import { latencyOfOneTab, latencyOfTenTabs } from '../cases/steady.ts';
import { trace } from '../cases/trace.ts';
import type { ServerLog } from '../server/contract.ts';
import type { ContenderInfo } from './contenders.ts';
import type { Case, CaseInfo, DatabaseCase, ServerCase } from './scene.ts';

/** What a contender must have to be asked. */
type Needs = 'feed' | 'reconnect' | 'outbox' | 'device' | 'log';

export interface Asked<C extends CaseInfo = CaseInfo> {
  readonly case: C;
  readonly needs: Needs;
  /** Where not everybody is asked: the others are not even told of. */
  readonly contenders?: readonly string[];
}
interface Common {
  readonly name: string;
  /** How often it is held in each round: where the spread is larger than what is to be seen. @default 1 */
  readonly turns?: number;
}
/** Cases that a contender is asked in one browser with so many tabs, in this order. */
export interface BrowserSitting extends Common {
  readonly in: 'a window each' | 'one window';
  readonly tabs: number;
  /** Of the topic, before the first case. */
  readonly keys: number;
  readonly cases: readonly Asked<Case>[];
}
/** Cases that are asked a server alone, by clients without a browser. */
export interface ServerSitting extends Common {
  readonly in: 'no browser';
  readonly log: ServerLog;
  readonly cases: readonly Asked<ServerCase>[];
}
/** Cases of servers on one log in a database. They run in this process, today's sources alone. */
export interface DatabaseSitting extends Common {
  readonly in: 'a database';
  readonly cases: readonly Asked<DatabaseCase>[];
}
export type Sitting = BrowserSitting | ServerSitting | DatabaseSitting;

const feed = (asked: Case): Asked<Case> => ({ case: asked, needs: 'feed' });

/** Whose tabs show a topic. */
const PEERS = ['websocket', 'partysocket', 'socket-io', 'tab-election'];
/** Those whose servers differ. */
const SERVERS = ['trunkline', 'websocket', 'socket-io'];

export const SITTINGS: readonly Sitting[] = [
  {
    name: 'ten tabs',
    in: 'a window each',
    tabs: 10,
    keys: 1_000,
    cases: [memory(10), cost(10), latencyOfTenTabs, flood, trace, burst, conflation].map(feed),
  },
  { name: 'nine hidden tabs', in: 'one window', tabs: 10, keys: 1_000, cases: [feed(hidden)] },
  {
    name: 'one tab',
    in: 'a window each',
    tabs: 1,
    keys: 1_000,
    cases: [...[memory(1), cost(1), latencyOfOneTab].map(feed), { case: outage, needs: 'reconnect' }],
  },
  ...[100, 1_000, 10_000, 100_000].map(
    (keys): Sitting => ({
      name: `${keys} keys`,
      in: 'a window each',
      tabs: 0,
      keys,
      cases: [feed(newTab(keys))],
    }),
  ),
  {
    name: 'keeping',
    in: 'a window each',
    turns: 2,
    tabs: 1,
    keys: 1_000,
    cases: [
      {
        case: keeping,
        needs: 'device',
        contenders: ['trunkline-unkept', 'trunkline-kept', ...PEERS],
      },
    ],
  },
  ...[1_000, 100_000].map(
    (keys): Sitting => ({
      name: `${keys} keys on the device`,
      in: 'a window each',
      tabs: 0,
      keys,
      cases: [{ case: firstState(keys), needs: 'device', contenders: ['trunkline-kept', ...PEERS] }],
    }),
  ),
  { name: 'outbox', in: 'a window each', tabs: 1, keys: 0, cases: [{ case: outbox, needs: 'outbox' }] },
  {
    name: 'thirty tabs',
    in: 'a window each',
    tabs: 30,
    keys: 1_000,
    cases: [memory(30), cost(30)].map(feed),
  },
  ...[1_000, 5_000].map(
    (connections): Sitting => ({
      name: `${connections} connections`,
      in: 'no browser',
      log: 'memory',
      cases: [{ case: fanOut(connections), needs: 'feed', contenders: SERVERS }],
    }),
  ),
  {
    name: 'pong',
    in: 'no browser',
    log: 'memory',
    cases: [{ case: pong('memory'), needs: 'feed', contenders: SERVERS }],
  },
  {
    name: 'pong of a server with a log',
    in: 'no browser',
    log: 'sqlite',
    cases: [{ case: pong('sqlite'), needs: 'log', contenders: SERVERS }],
  },
  ...[1, 50].map(
    (clients): Sitting => ({
      name: `commands of ${clients}`,
      in: 'no browser',
      log: 'sqlite',
      cases: [{ case: commands(clients), needs: 'log', contenders: [...SERVERS, 'bare-sqlite'] }],
    }),
  ),
  {
    name: 'a log that servers share',
    in: 'a database',
    cases: [{ case: sharedLog, needs: 'log', contenders: ['trunkline', 'bare-append'] }],
  },
];

/** Why this contender is not asked this case, or `null`. */
export function whyNot(
  { name, cannot, only }: ContenderInfo,
  { case: asked, needs, contenders }: Asked,
): string | null {
  if (contenders ? !contenders.includes(name) : only && !only.includes(asked.name))
    return 'it is there for another case';
  if (needs === 'outbox' || needs === 'log' || needs === 'device') return cannot[needs] ?? null;
  return (
    cannot[asked.name] ?? cannot['feed'] ?? (needs === 'reconnect' ? (cannot['reconnect'] ?? null) : null)
  );
}
