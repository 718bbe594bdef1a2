/** A name, or what gives the one that counts now, such as `() => props.name`. */
export type Name = string | (() => string);

export const nameNow = (name: Name): string => (typeof name === 'string' ? name : name());
