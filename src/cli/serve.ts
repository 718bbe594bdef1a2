/** `trunkline serve`: the server half as a program, for backends in any language. */

export const SERVE_USAGE = `trunkline serve [--config FILE] [--FIELD VALUE …]
  Serves browsers, and speaks plain HTTP with a backend in any language (docs/gateway.md).
  --config FILE  what it is told; else the variable TRUNKLINE_CONFIG, or trunkline.json where that is there
  --init         writes an example of that file, and ends
  --check        reads all that it is told, says what is wrong with it, and ends
  --FIELD VALUE  a field of the file, such as --control-port 9000; as a variable, TRUNKLINE_CONTROL_PORT`;

/** Resolves with the exit status: see `src/gateway/command.ts`. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  // Loaded only where it is needed, as whatever one command alone needs.
  const { gatewayCommand } = await import('../gateway/command.ts');
  return await gatewayCommand(args, SERVE_USAGE);
}
