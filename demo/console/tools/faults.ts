/** The demo server's switches. Each resolves when the fault has begun, and throws where the server refused it. */
export const faults = {
  /** The network is gone: connections break, and none can be made. */
  cut: (seconds: number) => post('cut', { seconds }),
  /** Open connections go silent, as behind a router that forgot them. */
  halfOpen: (seconds: number) => post('half-open', { seconds }),
  restart: () => post('restart', {}),
  flood: (eventsPerSecond: number, seconds: number, runId: string) =>
    post('flood', { eventsPerSecond, seconds, runId }),
};

async function post(fault: string, body: object): Promise<void> {
  const response = await fetch(`/faults/${fault}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The server refused this fault: ${await response.text()}`);
}
