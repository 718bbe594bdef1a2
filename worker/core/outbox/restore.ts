import { commandDefinition, interpretCommand, type Typed } from '../../../src/protocol/interpret.ts';
import { type JsonObject, whereJsonDiffers } from '../../../src/protocol/json.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { StoredEntry } from '../store.ts';

/** How long an ended entry stays visible, if nobody dismisses it. */
const KEEP_ENDED_MS = 7 * 24 * 60 * 60 * 1_000;

/**
 * A stored row as today's protocol sees it: as it was, upgraded, or quarantined where today's schema refuses it.
 * Nothing is discarded but what has ended long ago (`null`).
 */
export function restoreEntry(protocol: AnyProtocol, row: StoredEntry, now: number): StoredEntry | null {
  if (row.fate.state !== 'pending') return isOld(row, now) ? null : row;
  const upgraded = upgrade(protocol, row);
  if (!upgraded.ok) return quarantine(row, upgraded.code, upgraded.message, now);
  const { command, appVersion } = upgraded;
  const interpreted = interpretCommand(protocol, command);
  if (!interpreted.ok) return quarantine(row, interpreted.code, interpreted.message, now);
  const differs = whereJsonDiffers(command, 'command');
  if (differs !== null)
    return quarantine(row, 'invalid', `upgraded, ${differs} is nothing that JSON keeps`, now);
  return { ...row, command, appVersion, dedupeKey: interpreted.dedupeKey };
}

export function isOld({ fate }: StoredEntry, now: number): boolean {
  return fate.state !== 'pending' && fate.at + KEEP_ENDED_MS < now;
}

type Upgraded =
  | { ok: true; command: JsonObject & { readonly type: string }; appVersion: number }
  | { ok: false; code: string; message: string };

function upgrade(protocol: AnyProtocol, { command, appVersion }: StoredEntry): Upgraded {
  const definition = commandDefinition(protocol, command.type);
  if (!definition?.upgrade || appVersion >= protocol.version) return { ok: true, command, appVersion };
  try {
    const { type, ...fields } = command;
    const fresh = definition.upgrade(fields, appVersion);
    if (typeof fresh !== 'object' || fresh === null) {
      return { ok: false, code: 'invalid', message: `its upgrade from version ${appVersion} gave no object` };
    }
    return { ok: true, command: { ...(fresh as Typed & JsonObject), type }, appVersion: protocol.version };
  } catch (error) {
    return {
      ok: false,
      code: 'invalid',
      message: `its upgrade from version ${appVersion} threw: ${String(error)}`,
    };
  }
}

function quarantine(row: StoredEntry, code: string, message: string, now: number): StoredEntry {
  return { ...row, fate: { state: 'quarantined', at: now, error: { code, message } } };
}
