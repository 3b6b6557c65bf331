/** Code as an agent wrote it, with its language and a way to copy it. */

import { Visible } from "../diff/visible.tsx";
import { spelled } from "../diff/visible-text.ts";
import { Copy } from "./copy.tsx";
import { LongText } from "./long-text.tsx";

export function CodeBlock({ language, code }: { language: string; code: string }) {
  return (
    <div class="code" dir="ltr">
      <div class="head">
        <span>
          <Visible text={language.slice(0, 40) || "text"} />
        </span>
        <Copy text={code} label="Copy" />
      </div>
      <LongText text={code} label={language ? `Code, ${spelled(language.slice(0, 40))}` : "Code"} />
    </div>
  );
}
