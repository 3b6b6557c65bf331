/** What a file's bytes are shown as: text with its bounds, an image, or what it begins with in hexadecimal. */
import { filesLimits } from "./limits.ts";

export type FileContent =
  | { type: "text"; lines: string[]; isCut: boolean }
  | { type: "image"; mediaType: string }
  | { type: "binary"; hex: string[] };

export function contentOf(bytes: Uint8Array): FileContent {
  const mediaType = imageTypeOf(bytes);
  if (mediaType && bytes.length <= filesLimits.shownImageBytesMax) return { type: "image", mediaType };
  const text = textOf(bytes.subarray(0, filesLimits.shownBytesMax), bytes.length > filesLimits.shownBytesMax);
  if (text === null) return { type: "binary", hex: hexOf(bytes.subarray(0, filesLimits.shownHexBytesMax)) };
  const { shownLinesMax, shownLineCharactersMax } = filesLimits;
  const all = text.split("\n");
  // A file ends with a line's end, behind which there is no other line.
  if (all.length > 1 && all.at(-1) === "") all.pop();
  const lines = all.slice(0, shownLinesMax);
  const isCut =
    bytes.length > filesLimits.shownBytesMax ||
    all.length > lines.length ||
    lines.some((line) => line.length > shownLineCharactersMax);
  return { type: "text", lines: lines.map((line) => line.slice(0, shownLineCharactersMax)), isCut };
}

/** Null when it is none. The start of a longer file may end within a character. */
function textOf(bytes: Uint8Array, isStart: boolean): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isStart });
  } catch {
    // Not UTF-8.
    return null;
  }
}

/** By what it begins with, never by its name. SVG is not among them: it is shown as the text that it is. */
function imageTypeOf(bytes: Uint8Array): string | null {
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (start.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (start.startsWith("GIF8")) return "image/gif";
  return start.startsWith("RIFF") && start.slice(8) === "WEBP" ? "image/webp" : null;
}

/** Lines of sixteen bytes: where, what, and what of it can be read. */
function hexOf(bytes: Uint8Array): string[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, line) => {
    const part = [...bytes.subarray(line * 16, line * 16 + 16)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    return `${(line * 16).toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  ${letters}`;
  });
}

export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const kibibytes = bytes / 1024;
  return kibibytes < 1024 ? `${kibibytes.toFixed(kibibytes < 10 ? 1 : 0)} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;
}
