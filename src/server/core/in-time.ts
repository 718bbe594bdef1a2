import { deferred } from './deferred.ts';
import type { Limits } from './limits.ts';
import type { Clock } from './peer.ts';

/**
 * What a function of the application answers: a promise of it that never settles must not hold up everything else for ever.
 *
 * @param leftMs what is left of the limit
 * @throws Error where that takes longer.
 */
export async function inTime<T>(
  { clock, limits }: { readonly clock: Clock; readonly limits: Limits },
  limit: 'authenticateMs' | 'commandMs',
  call: () => Promise<T>,
  what: string,
  leftMs = limits[limit],
): Promise<T> {
  const late = deferred<never>();
  const cancel = clock.setTimer(leftMs, () =>
    late.reject(new Error(`${what} took longer than limits.${limit} (${limits[limit]} ms)`)),
  );
  try {
    return await Promise.race([call(), late.promise]);
  } finally {
    cancel();
  }
}
