/**
 * Milliseconds since 1970 with fractions. All processes of one machine read the same clock; each took it once, at its
 * start (`timeOrigin`), so that figures across processes hold as long as nobody sets the clock meanwhile.
 */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
