/** Text as it was written. Of a very long one the beginning, and more on demand. */

import { useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { talkLimits } from "./limits.ts";

interface LongTextProps {
  text: string;
  label?: string;
  class?: string;
}

export function LongText({ text, label = "Text", class: name = "long" }: LongTextProps) {
  const [isExpanded, setExpanded] = useState(false);
  const { shownCharactersMax, expandedCharactersMax } = talkLimits;
  const shownMax = isExpanded ? expandedCharactersMax : shownCharactersMax;
  const hidden = text.length - shownMax;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/useSemanticElements: no group of fields. */}
      <pre class={name} tabIndex={0} role="group" aria-label={label}>
        <Visible kind="lines" text={hidden > 0 ? text.slice(0, shownMax) : text} />
      </pre>
      {hidden > 0 && (
        <p class="more">
          {hidden.toLocaleString("en")} more characters.{" "}
          {isExpanded ? (
            "The export of the thread has them."
          ) : (
            <button type="button" class="bare" onClick={() => setExpanded(true)}>
              Show more
            </button>
          )}
        </p>
      )}
    </>
  );
}
