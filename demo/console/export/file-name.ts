/** What of a run a file holds. */
export interface Saved {
  /** The name of the run's pipeline; `null`: it is not known. */
  readonly pipeline: string | null;
  readonly runId: string;
  /** Where it is about one node. */
  readonly nodeId?: string | null;
}

const LONGEST_PART = 60;

/** The one rule for all that is saved of a run: `deploy-1f2e3d4c5b.json`, `deploy-1f2e3d4c5b-scan.log`. */
export function fileNameOf({ pipeline, runId, nodeId = null }: Saved, ending: string): string {
  const parts = [pipeline ?? 'run', runId, ...(nodeId === null ? [] : [nodeId])];
  return `${parts.map(allowed).filter(Boolean).join('-')}.${ending}`;
}

/** What every file system takes. */
function allowed(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_.]+/gu, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, LONGEST_PART);
}
