/** Whether a delivery is from who knows the webhook's secret. */

/** Exactly as GitHub writes it: `sha256=` and 64 lower-case hex digits, nothing before or behind. */
export function isSignature(header: string): boolean {
  return /^sha256=[0-9a-f]{64}$/.test(header);
}

/**
 * HMAC-SHA256 over the bytes as they came, compared by WebCrypto in constant time. Every secret is tried, so that the time does not tell
 * which of them fits; `signature` has passed `isSignature`.
 */
export async function isSignedByOneOf(secrets: readonly string[], signature: string, body: Uint8Array): Promise<boolean> {
  const digest = Uint8Array.from(signature.slice("sha256=".length).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const verdicts = await Promise.all(secrets.map((secret) => verify(secret, digest, body)));
  return verdicts.includes(true);
}

async function verify(secret: string, digest: Uint8Array, body: Uint8Array): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["verify"]);
  return crypto.subtle.verify("HMAC", key, digest, body);
}
