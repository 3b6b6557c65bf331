/** What has the shape of a secret, or looks like dice, is hidden before a text is stored in the memory or posted anywhere. */

/** One word, so that hiding what is hidden changes nothing. */
const hidden = "[hidden-secret]";

/**
 * Shapes that issuers give their tokens, so that they can be found. Sources: the issuers' own documentation and GitHub's list of
 * secret-scanning patterns. Each is hidden whole; where a shape has a name in front, the name stays.
 */
const shapes: readonly RegExp[] = [
  // A private key block, also one that was cut before its end.
  /-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY( BLOCK)?-----|$)/g,
  // AWS access key ids.
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,}/g,
  // GitHub, GitLab, npm, PyPI, Slack, Hugging Face, Docker, DigitalOcean, Shopify, SendGrid, Google, Stripe, OpenAI, Anthropic.
  // GitHub's installation tokens are `ghs_<app>_<JWT>` since 2026, with dots: github.blog/changelog/2026-05-15-…-override-header.
  /\bgh[pousr]_[A-Za-z0-9._-]{16,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{16,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{16,}/g,
  /\bpypi-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{8,}/g,
  /\bhf_[A-Za-z0-9]{16,}/g,
  /\bdckr_pat_[A-Za-z0-9_-]{16,}/g,
  /\bdo[opr]_v1_[a-f0-9]{16,}/g,
  /\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{16,}/g,
  /\bSG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  /\bAIza[A-Za-z0-9_-]{20,}/g,
  /\bya29\.[A-Za-z0-9_-]{10,}/g,
  /\b[rsp]k_(?:live|test)_[A-Za-z0-9]{8,}/g,
  /\bwhsec_[A-Za-z0-9+/=]{8,}/g,
  /\bsk-[A-Za-z0-9_-]{12,}/g,
  // Telegram bots, Discord bots, Slack hooks.
  /\b\d{8,10}:[A-Za-z0-9_-]{30,}/g,
  /\b[MNO][A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{20,}/g,
  /hooks\.slack\.com\/services\/[A-Za-z0-9/]+/g,
  // JSON Web Tokens, with or without a signature.
  /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}/g,
  // Credentials within an address.
  /(?<=[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s@]+(?=@)/gi,
  // What somebody calls a secret, whatever it looks like. `password: string` in code is a type, not a secret.
  /(?<=\b(?:bearer|basic)\s+)[A-Za-z0-9+/._~=-]{8,}/gi,
  /(?<=(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["'`]?\s*(?::=|=>|=|:|\bis\b)\s*["'`]?)(?!(?:string|number|boolean|unknown|null|undefined|true|false|required|optional)\b)[^\s"'`,;)}\]]{4,}/gi,
];

/** Runs of letters, digits and the signs of base64 and its kin. A path is one too, but its pieces are spelled. */
const words = /[A-Za-z0-9+/=_-]{20,}/g;

/**
 * The text without secrets, and how many were hidden. Hiding twice changes nothing more. `spared` are identifiers of ours that
 * look like dice and are none (a thread's id, a commit's): they only count as spelled, what stands beside them is looked at all
 * the same.
 */
export function hideSecrets(text: string, spared: readonly string[] = []): { text: string; count: number } {
  let count = 0;
  const hide = () => {
    count += 1;
    return hidden;
  };
  let open = text;
  for (const shape of shapes) open = open.replace(shape, (found) => (found.startsWith(hidden.slice(0, -1)) ? found : hide()));
  open = open.replace(words, (found) => {
    const rest = spared.reduce((left, known) => left.replaceAll(known, ""), found);
    return looksRandom(rest) ? hide() : found;
  });
  return { text: open, count };
}

/**
 * True for a word that nobody would spell: hexadecimal from 32 digits on, or twenty signs with the entropy of dice of which
 * sixteen are in pieces that are neither a number nor made of words. 3.3 bits a sign: English runs at about 3, twenty random
 * signs of base64 at about 4. Ours.
 */
export function looksRandom(word: string): boolean {
  if (/^[0-9a-f-]{32,}$/i.test(word) && /\d/.test(word)) return true;
  if (word.length < 20 || entropyBits(word) < 3.3) return false;
  const odd = word.split(/[-_+=/]/).filter((piece) => !isSpelled(piece));
  return odd.join("").length >= 16;
}

/** Shannon entropy of the signs of a word, in bits a sign. */
function entropyBits(word: string): number {
  const counts = new Map<string, number>();
  for (const sign of word) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / word.length) * Math.log2(count / word.length), 0);
}

/** A number, or words in camel case that are three letters long on average, with a number at the end at most. */
function isSpelled(piece: string): boolean {
  const letters = /^([A-Za-z]*)\d{0,4}$/.exec(piece)?.[1];
  if (letters === undefined) return /^\d+$/.test(piece);
  const humps = letters.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g)?.length ?? 0;
  return letters.length === 0 || letters.length / Math.max(humps, 1) >= 3;
}
