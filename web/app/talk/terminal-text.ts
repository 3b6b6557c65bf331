/** What a command printed, as text: without the signs that move a cursor or choose a colour. */

/** CSI, OSC and the two-letter escapes of ECMA-48; what else is not for reading is dropped but for tabs and line ends. */
const escapes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])|[\0-\b\u000b-\u001f\u007f]/g;

/** A line that was written over, as progress is, is what it was in the end. */
export function terminalText(text: string): string {
  const lines = text.includes("\r") ? text.split("\n").map(lastState).join("\n") : text;
  return lines.replace(escapes, "");
}

function lastState(line: string): string {
  const ended = line.replace(/\r$/, "");
  return ended.slice(ended.lastIndexOf("\r") + 1);
}

export interface FoldedOutput {
  before: string;
  /** Lines that are not shown; 0 when `before` is everything. */
  hiddenLines: number;
  behind: string;
}

/** The first lines and the last. While it runs the last ones only: that is what one waits for. */
export function foldedOutput(
  text: string,
  { before, behind, unfoldedMax }: { before: number; behind: number; unfoldedMax: number },
): FoldedOutput {
  const lines = text.split("\n");
  if (lines.length <= unfoldedMax) return { before: text, hiddenLines: 0, behind: "" };
  return {
    before: lines.slice(0, before).join("\n"),
    hiddenLines: lines.length - before - behind,
    behind: lines.slice(lines.length - behind).join("\n"),
  };
}
