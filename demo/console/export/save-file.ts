/** How long the browser may take to begin with it. */
const REVOKED_AFTER_MS = 60_000;

/** Has the browser save a value as a file of JSON. */
export function saveJson(name: string, value: object): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKED_AFTER_MS);
}
