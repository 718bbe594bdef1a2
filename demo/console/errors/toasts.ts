import { createContext, useContext } from 'react';
import { createStore } from '../ui/store.ts';

export interface Toast {
  readonly id: number;
  readonly tone: 'info' | 'success' | 'error';
  readonly text: string;
  /** The runs that it is about: those of one pipeline share their name. */
  readonly runIds?: readonly string[];
  readonly action?: { readonly label: string; run(): void };
}

/** Short notices, newest last. */
export interface Toasts {
  get(): readonly Toast[];
  subscribe(listener: () => void): () => void;
  add(toast: Omit<Toast, 'id'>): void;
  dismiss(id: number): void;
}

/** A flood of errors must not bury the page: the oldest go first. */
const LIMIT = 4;

export function createToasts(): Toasts {
  const { get, subscribe, set } = createStore<readonly Toast[]>([]);
  let lastId = 0;
  return {
    get,
    subscribe,
    add: (toast) => set([...get(), { ...toast, id: ++lastId }].slice(-LIMIT)),
    dismiss: (id) => set(get().filter((toast) => toast.id !== id)),
  };
}

const ToastsContext = createContext<Toasts | null>(null);
export const ToastsProvider = ToastsContext.Provider;

export function useToasts(): Toasts {
  const toasts = useContext(ToastsContext);
  if (!toasts) throw new Error('there is no <ToastsProvider> above this component');
  return toasts;
}
