/** Text of a stranger, with nothing hidden in it. */
import { visibleText } from "./visible-text.ts";

export function Visible({ text, showsSpaces = false }: { text: string; showsSpaces?: boolean }) {
  const pieces = visibleText(text, { showsSpaces });
  // The usual case costs no element.
  if (pieces.every(({ hidden }) => hidden === null)) return <>{text}</>;
  return (
    <>
      {pieces.map(({ text: shown, hidden }, index) =>
        hidden === null ? (
          shown
        ) : (
          <span key={index} class="invisible" title={hidden}>
            {shown}
          </span>
        ),
      )}
    </>
  );
}
