/** In the order of the report. */
export const SECTIONS = ['licences', 'sizes', 'duplicates', 'source', 'bundles'] as const;
