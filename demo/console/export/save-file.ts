/** How long the browser may take to begin with it. */
const REVOKED_AFTER_MS = 60_000;

/** Has the browser save a value as a file of JSON. */
export function saveJson(name: string, value: object): void {
  saveText(name, JSON.stringify(value, null, 2), 'application/json');
}

/** Has the browser save a text as a file. */
export function saveText(name: string, text: string, type = 'text/plain'): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKED_AFTER_MS);
}
