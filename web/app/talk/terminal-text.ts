/** What a command printed, as text: without the signs that move a cursor or choose a colour. */

/** CSI, OSC and the two-letter escapes of ECMA-48; what else is not for reading is dropped but for tabs and line ends. */
const escapes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])|[\0-\b\v\f\u000e-\u001f\u007f]/g;

/** A line that was written over, as progress is, is what it was in the end. */
export function terminalText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(/[^\n]*\r(?=[^\n])/g, "")
    .replace(escapes, "");
}

export interface FoldedOutput {
  before: string;
  /** Lines that are not shown; 0 when `before` is everything. */
  hiddenLines: number;
  behind: string;
  lines: number;
}

/** The first lines and the last. While it runs the last ones only: that is what one waits for. */
export function foldedOutput(
  text: string,
  { before, behind, unfoldedMax }: { before: number; behind: number; unfoldedMax: number },
): FoldedOutput {
  const lines = text.split("\n");
  if (lines.length <= unfoldedMax) return { before: text, hiddenLines: 0, behind: "", lines: lines.length };
  return {
    before: lines.slice(0, before).join("\n"),
    hiddenLines: lines.length - before - behind,
    behind: lines.slice(lines.length - behind).join("\n"),
    lines: lines.length,
  };
}
