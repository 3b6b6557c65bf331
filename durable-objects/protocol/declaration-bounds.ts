/** How long a question of a decision waits for its person, where it has a default. */
export const questionBounds = {
  /** Time enough to come back from a talk, and not so long that a turn whose agent could go on stands still for a day. */
  timeoutMsDefault: 10 * 60_000,
  /** Who would wait for longer says null, and waits for ever. */
  timeoutMsMax: 7 * 24 * 60 * 60_000,
} as const;

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
