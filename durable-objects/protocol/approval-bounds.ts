/** Hunks that one approval may name; a person who means more approves the whole. */
export const hunksChosenMax = 500;
