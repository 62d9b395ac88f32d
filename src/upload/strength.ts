/** Steering strength of a vector if none is given. */
export const defaultStrength = 10;

/** The greatest steering strength that servers take, in either direction. */
export const mostStrength = 300;
