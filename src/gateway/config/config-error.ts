/** What of a configuration cannot be, one line for each mistake, for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
