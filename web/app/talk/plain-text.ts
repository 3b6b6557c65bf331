/** What a text says without the means of its notation: character references of HTML, and what a link pretends. */

const named: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  copy: "©",
  reg: "®",
  trade: "™",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  rarr: "→",
  larr: "←",
  times: "×",
  euro: "€",
};

/** Resolves references of HTML, as `&amp;`; a name that is not known stays as it is written. */
export function withoutReferences(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hexadecimal, name) => {
    if (name) return named[name] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : "\ufffd";
  });
}

export interface SafeLink {
  href: string;
  /** Where it leads, when its words name another place or it hides one; else null. */
  host: string | null;
}

/** Null for what is neither http(s) nor mail: it is shown as words. */
export function safeLink(href: string, words: string): SafeLink | null {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  if (url.protocol === "mailto:") return { href: url.href, host: pretends(words, url.pathname) ? url.pathname : null };
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const hides = url.username !== "" || url.password !== "";
  return { href: url.href, host: hides || pretends(words, url.host) ? url.host : null };
}

/** Words that look like an address, and are not this one. */
function pretends(words: string, host: string): boolean {
  const looksLikeAddress = /[\p{L}\p{N}-]\s*[.\u3002\uff0e\uff61]\s*\p{L}{2,}|:\/\/|@/u.test(words);
  if (!looksLikeAddress) return false;
  const [, named = ""] = /^\s*(?:[a-z]+:(?:\/\/)?)?([^/?#\s]*)/i.exec(words) ?? [];
  const said = named.toLowerCase();
  return said !== host && `www.${said}` !== host;
}
