/** Random secrets, and what may be kept of them. */

/** 256 bits as base64url: nobody guesses it, so that a plain SHA-256 is enough to keep. */
export function newSecret(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** 64 bits in hex: names something, and is no secret. */
export function newSecretId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(8)));
}

/** SHA-256 in hex. */
export async function hashOf(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

/** Compares hashes: how long that takes tells nothing of the secret, nor of its length. */
export async function isSameSecret(presented: string, expected: string): Promise<boolean> {
  return (await hashOf(presented)) === (await hashOf(expected));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
