/** Where a key leads from a place in a list, whose last one is `last`; `null`: it leads nowhere. */
export function movedBy(
  key: string,
  index: number,
  { last, page }: { last: number; page: number },
): number | null {
  const to: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: last,
  };
  const target = to[key];
  return target === undefined ? null : Math.min(last, Math.max(0, target));
}
