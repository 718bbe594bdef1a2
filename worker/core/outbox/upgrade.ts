/** What becomes of a stored command that today's protocol may not know. */
import { commandDefinition, interpretCommand, type Typed } from '../../../src/protocol/interpret.ts';
import { type JsonObject, whereJsonDiffers } from '../../../src/protocol/json.ts';
import type { AnyProtocol } from '../../../src/protocol/types.ts';
import type { Context } from '../context.ts';
import type { StoredEntry } from '../store.ts';
import { isBarred } from '../suspects.ts';

/** A stored row as today's protocol sees it: as it was, upgraded, or quarantined where today's schema refuses it. */
export function restoreEntry(protocol: AnyProtocol, row: StoredEntry, now: number): StoredEntry {
  if (row.fate.state !== 'pending') return row;
  const upgraded = upgrade(protocol, row);
  if (!upgraded.ok) return quarantine(row, upgraded.code, upgraded.message, now);
  const { command, appVersion } = upgraded;
  const interpreted = interpretCommand(protocol, command);
  if (!interpreted.ok) return quarantine(row, interpreted.code, interpreted.message, now);
  const differs = whereJsonDiffers(command, 'command');
  if (differs !== null)
    return quarantine(row, 'invalid', `upgraded, ${differs} is nothing that JSON keeps`, now);
  const { dedupeKey, replaceKey } = interpreted;
  return { ...row, command, appVersion, dedupeKey, replaceKey };
}

/** The row, quarantined where ownerships have ended over its command: the next one would end over it as well. */
export function barSuspect(context: Context, row: StoredEntry): StoredEntry {
  if (row.fate.state !== 'pending' || !isBarred(context, row.id)) return row;
  return quarantine(row, 'impossible', 'the hub failed over it twice; retry or dismiss it', context.now);
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
