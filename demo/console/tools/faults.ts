/** For how long a restarting server is away. */
const AWAY_SECONDS = 2;

/** The demo server's switches. Each resolves when the fault has begun, and throws where the server refused it. */
export const faults = {
  /** The network is gone: connections break, and none can be made. */
  cut: (seconds: number) => post('cut', { seconds }),
  /** As if nobody were there: the pages cannot be had either. It ends by its time alone. */
  vanish: (seconds: number) => post('cut', { seconds, pages: true }),
  /** Open connections go silent, as behind a router that forgot them. */
  halfOpen: (seconds: number) => post('half-open', { seconds }),
  /** `hard`: with no goodbye. */
  restart: (kind: 'soft' | 'hard') => post('restart', { kind, seconds: AWAY_SECONDS }),
  flood: (perSecond: number, seconds: number, runId: string) => post('flood', { runId, perSecond, seconds }),
  /** Ends a cut, a silence and a flood before their time. */
  mend: () => post('mend', {}),
};

async function post(fault: string, body: object): Promise<void> {
  const response = await fetch(`/faults/${fault}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The server refused this fault: ${await response.text()}`);
}
