import type { StoreFailure } from '../../worker/core/store.ts';
import type { AppendFault } from '../support/memory-engine.ts';
import type { Wish } from './account.ts';
import type { Who } from './people.ts';
import type { CommandName } from './protocol.ts';
import type { Start } from './server/cluster.ts';
import type { Mood } from './server/doorkeeper.ts';
import type { LogFault } from './server/log.ts';

/** One thing that happens. Numbers of tabs and the like count around what there is, so that any part of a schedule is one. */
export type Action =
  | { do: 'wait'; ms: number }
  | { do: 'publish'; what: Published; topic: 0 | 1; count: number }
  /** `dies`: so many tasks later its worker does. */
  | {
      do: 'send';
      tab: number;
      command: CommandName;
      topic: 0 | 1;
      count: number;
      requireDurable: boolean;
      dies: number | null;
    }
  /** About an entry of which it makes sense, if there is one. `regrets`: in the same turn, a retry is taken back. */
  | { do: 'person'; tab: number; wants: Wish; entry: number; regrets: boolean }
  | { do: 'reconnect'; tab: number }
  | { do: 'open tab'; of: Build; who: Who }
  /** Its client, and not its page, in the turn in which it has sent so many. */
  | { do: 'close client'; tab: number; sends: number }
  /** In one turn: it sends so many, signs out, and sends so many more. */
  | { do: 'sign out'; tab: number; discard: boolean; before: number; after: number }
  | { do: 'close tab' | 'crash tab' | 'reload tab' | 'freeze' | 'cache'; tab: number }
  /** Somebody looks at it, or at another one. */
  | { do: 'look'; tab: number; visible: boolean }
  /** So many tasks later, in the middle of whatever happens then. */
  | { do: 'cache after'; tab: number; tasks: number }
  /** All that are frozen or cached come back. */
  | { do: 'wake' }
  /** From now on it is busy with each batch for so long. */
  | { do: 'slow tab'; tab: number; ms: number }
  | { do: 'kill worker'; of: SharedBuild }
  /** It runs no more, and its locks, its socket and its database stay open; until all that are frozen come back. */
  | { do: 'wedge worker'; of: SharedBuild }
  /** In the middle of whatever happens then. */
  | { do: 'kill worker after'; tasks: number; server: ServerFate }
  /** The service worker gets an event to deliver what waits of that person, with a page open or without; so many tasks later it fares so. */
  | { do: 'background'; who: Who; of: 'first' | 'newer'; tasks: number; fate: BackgroundFate }
  | { do: 'kill browser'; powerLost: boolean }
  | { do: 'cut' | 'vanish' }
  | { do: 'latency'; ms: number }
  /** What each connection carries from now on; `null`: anything. */
  | { do: 'line speed'; bytesPerSecond: number | null }
  /** A frame on its way down is lost, as by a server that has a hole. */
  | { do: 'lose an event' }
  /** The next snapshot comes in two parts, and the second one only with the snapshot that follows. */
  | { do: 'delay a part' }
  /** From now on each comes in so many. */
  | { do: 'cut snapshots'; parts: number }
  | { do: 'server down' | 'server up' }
  | { do: 'restart server'; keepsHistory: boolean }
  | { do: 'kill server after'; tasks: number }
  /** `overlaps`: the one that takes its place is there before it has ended. */
  | { do: 'drain server'; ms: number; overlaps: boolean }
  | { do: 'refuse'; commands: boolean }
  /** Nobody may send commands to one of the topics. */
  | { do: 'forbid'; commands: boolean }
  | { do: 'authenticate' | 'authorize'; how: Mood }
  | { do: 'fail log'; what: LogFault; times: number }
  /**
   * It is brought back from a backup, of when so large a share of it was written; somebody sets its clock with it. A tab
   * sends so many just before, whose answers do not arrive any more. From then on it may ignore what clients know of its
   * topics.
   */
  | {
      do: 'restore server';
      share: number;
      ms: number;
      tab: number;
      sends: number;
      ignoresCursors: boolean;
    }
  | { do: 'set server clock'; ms: number }
  /** All of it is forgotten, and what is published to it then is of another one. */
  | { do: 'end topic'; topic: 0 | 1 }
  /** What somebody may read has changed, and the application says so. */
  | { do: 'rights'; who: Who; topic: 0 | 1; mayRead: boolean }
  | { do: 'expire token' }
  /** How pages give their tokens from now on. */
  | { do: 'tokens'; how: TokenMood }
  | { do: 'someone else'; ms: number }
  | { do: 'fail store'; failure: StoreFailure; times: number }
  | { do: 'break store'; failure: StoreFailure }
  | { do: 'mend store' }
  | { do: 'hold store' }
  | { do: 'jump clock'; ms: number }
  | ClusterAction;

/** Where several servers are on one log; elsewhere nothing happens. */
export type ClusterAction =
  /** One is killed, and after so long started again. */
  | { do: 'crash one'; of: number; from: Start; downMs: number }
  /** The engine of one of them, until it is said to be well again. */
  | { do: 'engine'; of: number; is: 'stalled' | 'lagging' | 'well' }
  /** What becomes of its next appends. */
  | { do: 'fail appends'; of: number; faults: AppendFault[] }
  /** All that were late come. */
  | { do: 'late appends' }
  /** The newest of two dumps is not whole any more. */
  | { do: 'damage dump' }
  /** One comes to something else than the others. */
  | { do: 'lead astray'; of: number };

/** What becomes of the server at the same moment. */
export type ServerFate = 'lives' | 'restarts' | 'forgets';
/** `stops`: it runs no more, and holds what it has, until all that are frozen come back. */
export type BackgroundFate = 'lives' | 'dies' | 'stops';
export type Published = 'nodes' | 'lines' | 'gate' | 'alarm' | 'broken';
/** Whose SharedWorker a tab shares: the first one's, one of the same version from elsewhere, a newer one; or its own. */
export type Build = SharedBuild | 'own';
export type SharedBuild = 'first' | 'same' | 'newer';
/** How a page's token function behaves for the time being. */
export type TokenMood = 'fine' | 'hangs' | 'throws' | 'none';
