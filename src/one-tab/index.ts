import { createOneTab } from './one-tab.ts';
import { page } from './platform.ts';

/** @see createOneTab */
export const oneTab = createOneTab(page);
