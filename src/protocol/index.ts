/** The entry `trunkline/protocol`. */
export { defineProtocol } from './define.ts';
export type {
  AnyProtocol,
  CommandDefinition,
  CommandInput,
  CommandOf,
  CommandType,
  EventDefinition,
  EventInput,
  EventOf,
  EventType,
  FieldsSchema,
  PayloadOf,
  Protocol,
  ResultOf,
} from './types.ts';
