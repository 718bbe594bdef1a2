/** Random names, also where the browser has no `randomUUID`: on a page of plain http:. */

/** Of version 4 (https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4). */
export function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  // The address of any object ends with one (https://w3c.github.io/FileAPI/#unicodeBlobURL).
  const url = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(url);
  return url.slice(-36);
}
