/** Where a node stands among rows; -1: it is not one of them, or there is none. */
export function indexOfNode(rows: readonly { readonly nodeId: string }[], nodeId: string | null): number {
  return nodeId === null ? -1 : rows.findIndex((row) => row.nodeId === nodeId);
}
