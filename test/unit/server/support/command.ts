/** The id of `command`, unless another one is given. */
export const ID = '00000000-0000-4000-8000-00000000c0de';

/** The frame of a command, as a client sends it first. */
export const command = (fields: object = {}) => ({
  type: 'command',
  id: ID,
  priority: 'normal',
  created_at: 1,
  attempt: 1,
  app_version: 3,
  command: { type: 'note', text: 'x' },
  ...fields,
});
