/** Code as an agent wrote it, with its language and a way to copy it. */
import { Copy } from "./copy.tsx";
import { LongText } from "./long-text.tsx";

export function CodeBlock({ language, code }: { language: string; code: string }) {
  return (
    <div class="code" dir="ltr">
      <div class="head">
        <span>{language.slice(0, 40) || "text"}</span>
        <Copy text={code} label="Copy" />
      </div>
      <LongText text={code} label={language ? `Code, ${language.slice(0, 40)}` : "Code"} />
    </div>
  );
}
