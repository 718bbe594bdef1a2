/** How the inspector is at hand in an application's console. */
import { defineInspector } from './define.ts';
import type { TrunklineInspector } from './element/inspector-element.ts';
import type { Inspected } from './inspected.ts';
import { recordingOf } from './recording/recording.ts';

export interface OfferedInspector {
  /** Opens it below the page, or shows the one that is open. */
  open(): Promise<TrunklineInspector>;
  /** Closes it, if it is open. What was recorded stays. */
  close(): void;
}

/**
 * Records from now on what becomes of the connection and of each command, for the inspector to show, and puts `trunkline.inspect()` into
 * the console, which opens it below the page. The element itself is loaded then. Of several clients it is the one that was offered last.
 *
 * Recording listens to the client, which starts its hub. It ends with the client.
 */
export function offerInspector(client: Inspected): OfferedInspector {
  recordingOf(client);
  let opened: TrunklineInspector | undefined;
  const offered: OfferedInspector = {
    async open() {
      await defineInspector();
      opened ??= document.createElement('trunkline-inspector');
      opened.client = client;
      opened.toggleAttribute('docked', true);
      if (!opened.isConnected) document.body.append(opened);
      opened.focus();
      return opened;
    },
    close: () => opened?.remove(),
  };
  // A server that renders pages has no console of theirs.
  if (typeof document === 'undefined') return offered;
  // The application may have put other things under that name.
  const scope: { trunkline?: object } & typeof globalThis = globalThis;
  scope.trunkline = { ...scope.trunkline, inspect: offered.open };
  return offered;
}
