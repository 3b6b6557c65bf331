/** Text of a stranger, with nothing hidden in it. */
import { type TextKind, visibleText } from "./visible-text.ts";

interface VisibleProps {
  text: string;
  kind?: TextKind;
  showsSpaces?: boolean;
}

export function Visible({ text, kind = "line", showsSpaces = false }: VisibleProps) {
  const pieces = visibleText(text, { showsSpaces, kind });
  // The usual case costs no element.
  if (pieces.length === 1 && pieces[0]?.hidden === null) return <>{pieces[0].text}</>;
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
