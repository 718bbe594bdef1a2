/** The protocol where no module defines one: any JSON in events and commands of any type. */
import type { Application } from '../server/core/application.ts';
import type { EventRule } from './config/schema.ts';

export interface AnyProtocolOptions extends Pick<Application, 'app' | 'version' | 'handlerOf'> {
  /** What holds for the events of a type, where it is not said with the event. */
  readonly events: Readonly<Record<string, EventRule>>;
}

export function anyProtocol({ app, version, handlerOf, events }: AnyProtocolOptions): Application {
  return {
    app,
    version,
    handlerOf,
    interpretEvent(event, traits) {
      const rule = Object.hasOwn(events, event.type) ? events[event.type] : undefined;
      const field = rule?.key;
      const found = field === undefined ? undefined : event[field];
      if (traits.key === undefined && field !== undefined && typeof found !== 'string') {
        return {
          ok: false,
          code: 'invalid',
          message: `event ${event.type}: the field \`${field}\` is its key (\`events\` of the configuration), and must hold a string`,
          issues: [],
        };
      }
      return {
        ok: true,
        event,
        key: traits.key ?? (typeof found === 'string' ? found : null),
        gone: traits.gone ?? rule?.gone ?? false,
        critical: traits.critical ?? rule?.critical ?? false,
      };
    },
    interpretCommand: (command) => ({ ok: true, command, definition: {} }),
  };
}
