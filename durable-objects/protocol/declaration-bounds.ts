/** Bounds of one declaration: what is beyond them is dropped with a warning. */
export const declarationBounds = {
  /** 2^6 scenarios are computed in well under a millisecond, and nobody reads more. */
  assumptionsMax: 6,
  actionsMax: 8,
  probesMax: 4,
  /** Assumptions that one action's gain may depend on. */
  dependenciesMax: 2,
  /** Characters of one text. */
  textCharactersMax: 400,
  /** Characters of a probe's command. */
  commandCharactersMax: 2_000,
} as const;
