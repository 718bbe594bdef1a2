/** How a worker becomes the hub of an application. */
import * as Comlink from 'comlink';
import type { AnyProtocol } from '../../src/protocol/index.ts';
import { persistentType } from '../../src/protocol/interpret.ts';
import type { PlainSupport } from '../core/dialect/plain-support.ts';
import type { SavedStateSupport } from '../core/saved-states.ts';
import { type GivenSettings, hubSettings } from '../core/settings.ts';
import { Hubs } from '../shell/hubs.ts';
import { pagePort } from '../shell/port.ts';
import { endIfScriptFails } from './failed-script.ts';
import { browser } from './platform.ts';
import { rememberPorts } from './sink-ports.ts';

/** As much of a SharedWorker's globals as is needed: the DOM's library has none of a worker's. */
interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const keep = endIfScriptFails();

/**
 * Makes this worker the hub of an application: the one call of its `hub.ts`, beside the imports. It is to be called
 * while the script first runs, because a tab that connected by then is announced only once.
 *
 * @param options.plain of `trunkline/plain`: how the messages of a server look that pages speak the plain dialect with
 * @param options.savedState of `trunkline/saved-state`: what keeps event types with `persist: true`
 * @throws TypeError for a setting that cannot be, Error for a protocol that keeps events without `savedState`, and outside of a
 * worker.
 */
export function startHub<P extends AnyProtocol>(
  protocol: P,
  {
    settings = {},
    savedState,
    plain,
  }: { settings?: GivenSettings; savedState?: SavedStateSupport; plain?: PlainSupport } = {},
): void {
  const kept = persistentType(protocol);
  if (kept !== undefined && !savedState)
    throw new Error(
      `startHub: event type \`${kept}\` has \`persist\`: give it the \`savedState\` of trunkline/saved-state`,
    );
  const support = kept === undefined ? null : savedState;
  const hubs = new Hubs(browser, protocol, hubSettings(settings), support, plain);
  rememberPorts();
  if ('onconnect' in globalThis) {
    (globalThis as unknown as SharedScope).onconnect = ({ ports }) => {
      for (const port of ports) Comlink.expose(pagePort(hubs), port);
    };
  } else if ('importScripts' in globalThis) {
    Comlink.expose(pagePort(hubs));
  } else {
    throw new Error('startHub: this is no worker; call it in the script of one');
  }
  keep();
}
