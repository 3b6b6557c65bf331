/** The words around what was searched, with the hit marked. */
import { foundIn } from "./found-in.ts";

export function MarkedSnippet({ text, term }: { text: string; term: string }) {
  return (
    <span class="snippet">
      {foundIn(text, term).map(({ text: part, isHit }, index) => (isHit ? <mark key={index}>{part}</mark> : part))}
    </span>
  );
}
