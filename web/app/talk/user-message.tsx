/** What a person said, and what one can do from there: copy it, go another way from it in a fork, or go back to before it. */

import type { ItemOf } from "#protocol/item";
import { Visible } from "../diff/visible.tsx";
import { Copy } from "./copy.tsx";
import { textOf } from "./item-text.ts";
import { talkLimits } from "./limits.ts";

/** What somebody is about to do from a message. It is done above the list: a row may be scrolled away. */
export interface Acting {
  type: "fork" | "revert";
  item: ItemOf<"userMessage">;
  turnId: string;
}

interface UserMessageProps {
  item: ItemOf<"userMessage">;
  turnId: string;
  /** A turn that began with it can be left out of a fork, or taken back; what steered one cannot. */
  begins: boolean;
  act(acting: Acting): void;
}

export function UserMessage({ item, turnId, begins, act }: UserMessageProps) {
  const text = textOf(item);
  return (
    <>
      <div class="item user">
        <span class="unseen">You: </span>
        <span dir="auto">
          <Visible
            kind="prose"
            text={text.length > talkLimits.shownCharactersMax ? `${text.slice(0, talkLimits.shownCharactersMax)} …` : text}
          />
        </span>
      </div>
      <div class="actions">
        <Copy text={text} label="Copy" />
        {begins && (
          <>
            <button type="button" class="bare" onClick={() => act({ type: "fork", item, turnId })}>
              Edit in a fork
            </button>
            <button type="button" class="bare" onClick={() => act({ type: "revert", item, turnId })}>
              Go back
            </button>
          </>
        )}
      </div>
    </>
  );
}
