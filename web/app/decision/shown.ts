/** What the parts of the view share: the revision that is shown, and the assumption that is looked at. */
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";

export interface Shown {
  tree: DecisionTreeRevision;
  /** Null while something is looked up or asked first. */
  chosenActionId: string | null;
  selectedId: string | null;
  /** Focus goes back to the opener when the panel closes. */
  select(assumptionId: string, opener: HTMLElement): void;
}
