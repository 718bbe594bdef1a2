/** A sum without what adding left behind, by default to six digits: costs are of millionths. */
export function rounded(value: number, digits = 6): number {
  return Number(value.toFixed(digits));
}
