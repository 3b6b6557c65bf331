/** Text in which nothing is hidden: signs that cannot be seen, or that reorder others, are spelled. For code, commands and addresses. */

/** Marks of direction and embedding, widthless signs, tags, and the fillers that look like nothing. Variation selectors and the joiner of emoji stay. */
const hidden =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each of them is meant alone.
  /([\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u2800]|\udb40[\udc00-\udc7f])/;

export function Revealed({ text }: { text: string }) {
  if (!hidden.test(text)) return <>{text}</>;
  return (
    <>
      {text.split(hidden).map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          <span key={index} class="hidden-sign">
            {spelled(part)}
          </span>
        ),
      )}
    </>
  );
}

function spelled(sign: string): string {
  return `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
