import { useCallback, useState } from 'react';
import { isShape, type Shape } from './shape-switch.tsx';

const KEY = 'trunkline-console:shape';

/** How the nodes are shown. What was chosen is kept for this tab, over a reload and for its other runs. */
export function useShape(): readonly [Shape, (shape: Shape) => void] {
  const [shape, setShape] = useState<Shape>(() => savedShape() ?? firstShape());
  const choose = useCallback((chosen: Shape) => {
    setShape(chosen);
    saveShape(chosen);
  }, []);
  return [shape, choose];
}

/** In a narrow window a graph's words are too small to be read. */
function firstShape(): Shape {
  return matchMedia('(max-width: 720px)').matches ? 'table' : 'graph';
}

function savedShape(): Shape | null {
  try {
    const saved = sessionStorage.getItem(KEY);
    return isShape(saved) ? saved : null;
  } catch {
    return null;
  }
}

function saveShape(shape: Shape): void {
  try {
    sessionStorage.setItem(KEY, shape);
  } catch {
    // Without storage a reload begins with the first one.
  }
}
