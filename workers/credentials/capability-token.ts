/** Tokens that the operator makes: whoever has one may act for its account until it is revoked. */
import { newSecret, newSecretId } from "./secret.ts";

/** Example: `spindle_5f1c0a9e7b3d2c41_…43 characters…`; the id in it is what lists show and `revoke` takes. */
export function newCapabilityToken(): { id: string; token: string } {
  const id = newSecretId();
  return { id, token: `spindle_${id}_${newSecret()}` };
}

/** What has another form was not made here, and is not looked for. */
export function isCapabilityToken(text: string): boolean {
  return /^spindle_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/.test(text);
}
