/** Thread ids are UUIDs; what is not one is refused in the words of the Rust `uuid` crate, which clients see from the real server. */

const groupLengths = [8, 4, 4, 4, 12];
const urnPrefix = "urn:uuid:";

/**
 * Accepts what the real server accepts (hyphens or none, either case, `urn:uuid:`, braces) and gives the one form that names a
 * thread: lower case with hyphens. Otherwise the problem, for `refusals.invalidThreadId`.
 */
export function parseThreadId(text: string): { threadId: string } | { problem: string } {
  const prefix = text.startsWith(urnPrefix) ? urnPrefix.length : isBraced(text) ? 1 : 0;
  const body = isBraced(text) ? text.slice(1, -1) : text.slice(prefix);

  const stranger = /[^0-9a-fA-F-]/u.exec(body);
  if (stranger) {
    // Rust counts bytes; everything before the first stranger is ASCII, so that characters do.
    const expected = "an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-]";
    return { problem: `invalid character: expected ${expected}, found \`${stranger[0]}\` at ${prefix + stranger.index + 1}` };
  }

  if (prefix === 0 && !body.includes("-")) {
    if (body.length !== 32) return { problem: `invalid length: expected length 32 for simple format, found ${body.length}` };
    return { threadId: hyphenate(body.toLowerCase()) };
  }

  const groups = body.split("-");
  if (groups.length !== 5) return { problem: `invalid group count: expected 5, found ${groups.length}` };
  const wrong = groups.findIndex((group, index) => group.length !== groupLengths[index]);
  if (wrong !== -1) {
    return {
      problem: `invalid group length in group ${wrong}: expected ${groupLengths[wrong]}, found ${groups[wrong]?.length}`,
    };
  }
  return { threadId: body.toLowerCase() };
}

function isBraced(text: string): boolean {
  return text.length >= 2 && text.startsWith("{") && text.endsWith("}");
}

function hyphenate(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
