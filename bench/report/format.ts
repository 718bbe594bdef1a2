import type { FigureInfo } from '../run/scene.ts';

/** With as many digits as mean something. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

export function titleOf({ title, unit }: FigureInfo): string {
  return unit === '' || unit === 'per second' || unit === 'bytes' ? title : `${title}, ${unit}`;
}
