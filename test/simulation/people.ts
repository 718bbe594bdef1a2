export const PEOPLE = ['ann', 'bob'] as const;
export type Who = (typeof PEOPLE)[number];
