/** The door: what is proposed becomes a clean draft within all bounds, or is refused by name. Nothing enters the memory another way. */
import { memoryLimits } from "#core/limits";
import type { Draft, Scope } from "#core/memory/fragment";
import { hideSecrets } from "#core/secrets";
import { visibleText } from "#core/visible-text";

export type Admission = { draft: Draft } | { refusal: string };

/**
 * Secrets are hidden before anything else is looked at, so that a bound cannot cut one in half and let the rest pass. Refuses empty text, text over
 * its bound, and text of a tool outside the repository or thread that it came from.
 */
export function admit(proposed: Draft, scope: Scope): Admission {
  const title = cleanLine(proposed.title);
  const when = cleanLine(proposed.when);
  const content = clean(proposed.content);
  const keys = [...new Set(proposed.keys.map((key) => cleanLine(key).toLowerCase()))].filter((key) => key !== "").sort();
  if (title === "" || when === "" || content === "") return { refusal: "a fragment needs a title, when it applies, and content" };
  if (title.length > memoryLimits.titleCharactersMax) return tooLong("title", memoryLimits.titleCharactersMax);
  if (when.length > memoryLimits.whenCharactersMax) return tooLong("when", memoryLimits.whenCharactersMax);
  if (content.length > memoryLimits.contentCharactersMax) return tooLong("content", memoryLimits.contentCharactersMax);
  if (keys.length > memoryLimits.keysMax) return { refusal: `a fragment has at most ${memoryLimits.keysMax} keys` };
  if (keys.some((key) => key.length > memoryLimits.keyCharactersMax)) return tooLong("key", memoryLimits.keyCharactersMax);
  if (proposed.trust === "toolText" && (scope.type === "account" || scope.type === "global"))
    return { refusal: "text of tools and repositories stays in the repository's scope" };
  const provenance = proposed.provenance.slice(0, memoryLimits.provenanceMax);
  return { draft: { kind: proposed.kind, title, when, content, keys, trust: proposed.trust, provenance } };
}

function tooLong(field: string, charactersMax: number): Admission {
  return { refusal: `a fragment's ${field} has at most ${charactersMax} characters` };
}

/** Without secrets, and without what a reader cannot see. */
function clean(text: string): string {
  return hideSecrets(visibleText(text).replace(/\t/g, " ")).text.trim();
}

function cleanLine(text: string): string {
  return clean(text).replace(/\s+/g, " ");
}
