/** git's own form for what is not text: the whole new content, deflated, in base 85. */
import { deflateSync } from "node:zlib";

/** The body after a binary file's header. It goes forward only: git can apply it, not reverse it, at half the size. */
export function binaryPatch(content: Uint8Array): string {
  const deflated = new Uint8Array(deflateSync(content));
  const lines = [`GIT binary patch`, `literal ${content.length}`];
  for (let start = 0; start < deflated.length; start += lineBytes) {
    const chunk = deflated.subarray(start, start + lineBytes);
    lines.push(lengthCharacter(chunk.length) + base85(chunk));
  }
  return `${lines.join("\n")}\n\n`;
}

/** Content that git treats as binary here: a NUL, or bytes that are no UTF-8, in which no diff could be sent as JSON text. */
export function textOf(content: Uint8Array): string | null {
  if (content.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    // Expected: a TypeError that says that the bytes are not UTF-8, which is the answer.
    return null;
  }
}

/** Bytes of content on one line of the patch, before encoding. */
const lineBytes = 52;

/** A for 1 … Z for 26, a for 27 … z for 52. */
function lengthCharacter(length: number): string {
  return String.fromCharCode(length <= 26 ? 64 + length : 70 + length);
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/** Five characters for four bytes, big-endian; what is missing in the last four counts as zero. */
function base85(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 4) {
    let value = 0;
    for (let index = 0; index < 4; index += 1) value = value * 256 + (bytes[start + index] ?? 0);
    let group = "";
    for (let index = 0; index < 5; index += 1) {
      group = alphabet.charAt(value % 85) + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}
