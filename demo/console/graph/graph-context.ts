import { createContext, useContext } from 'react';

/** What one can do in a graph, for whatever is drawn in it. */
export interface GraphActions {
  readonly selected: string | null;
  readonly select: (nodeId: string) => void;
  /** Opens a stage, or turns to another page of it. */
  readonly show: (stageId: string, page?: number) => void;
  readonly close: (stageId: string) => void;
}

const ActionsContext = createContext<GraphActions>({
  selected: null,
  select: () => {},
  show: () => {},
  close: () => {},
});
export const ActionsProvider = ActionsContext.Provider;
export const useGraphActions = (): GraphActions => useContext(ActionsContext);

/** The nodes that were searched for. */
const MatchesContext = createContext<ReadonlySet<string>>(new Set());
export const MatchesProvider = MatchesContext.Provider;
export const useMatches = (): ReadonlySet<string> => useContext(MatchesContext);
