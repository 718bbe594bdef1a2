/** A variable of the environment that `global-setup.ts` sets. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; test/e2e/harness/global-setup.ts sets it`);
  return value;
}
