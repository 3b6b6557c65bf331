/** Signs a call so that its receiver knows whose it is. Source: the Standard Webhooks specification, symmetric signatures (`v1`). */
import { webhookLimits } from "#core/limits";

const prefix = "whsec_";

export function newWebhookSecret(): string {
  return prefix + base64(crypto.getRandomValues(new Uint8Array(webhookLimits.secretBytes)));
}

/** The three headers of one attempt. `atMs` is the attempt's, so that a receiver may refuse old ones: what is sent again is signed again. */
export async function webhookHeaders(
  secret: string,
  { id, atMs, body }: { id: string; atMs: number; body: string },
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(atMs / 1000));
  const bytes = Uint8Array.from(atob(secret.slice(prefix.length)), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${id}.${timestamp}.${body}`));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${base64(new Uint8Array(signature))}`,
  };
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
