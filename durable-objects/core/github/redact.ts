/**
 * The last thing that happens to a text before it goes to GitHub: nothing that was posted can be taken back, edits keep a
 * history.
 */
import { hideSecrets } from "#core/secrets";

export interface RedactionKnowledge {
  /** Values that are secret whatever they look like: the installation token, the webhook's secret. */
  secrets: readonly string[];
  /** Identifiers of ours that look like dice: a thread's id, hashes, commits. */
  spared: readonly string[];
}

/** The text without secrets, by value and by shape, and how many were hidden. */
export function redact(text: string, { secrets, spared }: RedactionKnowledge): { text: string; count: number } {
  let open = text;
  let count = 0;
  // A short value would be hidden everywhere and tell by its absence what it is.
  for (const secret of secrets.filter(({ length }) => length >= secretCharactersMin)) {
    const pieces = open.split(secret);
    count += pieces.length - 1;
    open = pieces.join("[hidden-secret]");
  }
  const hidden = hideSecrets(open, spared);
  return { text: hidden.text, count: count + hidden.count };
}

const secretCharactersMin = 8;
