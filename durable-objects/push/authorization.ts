/** Says to a push service whose push it is: a word signed with the key that browsers subscribed with. Source: RFC 8292 (VAPID). */
import { importJWK, SignJWT } from "jose";
import { pushLimits } from "#core/limits";
import { fromBase64Url } from "#push/encrypt";
import type { PushSettings } from "#push/settings";

export class Authorization {
  private readonly settings: PushSettings;
  /** By the service's origin. Services ask not to be given a new one with each push; there are as many as devices at most. */
  private readonly made = new Map<string, { header: string; atMs: number }>();

  constructor(settings: PushSettings) {
    this.settings = settings;
  }

  /** The header `Authorization` for a push to this endpoint. Throws where the keys are no pair. `nowMs` is Unix milliseconds. */
  async headerFor(endpoint: string, nowMs: number): Promise<string> {
    const { origin } = new URL(endpoint);
    const known = this.made.get(origin);
    if (known && nowMs - known.atMs < pushLimits.authorizationMs / 2) return known.header;
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", typ: "JWT" })
      .setAudience(origin)
      .setExpirationTime(Math.floor((nowMs + pushLimits.authorizationMs) / 1000))
      .setSubject(this.settings.subject)
      .sign(await importJWK(privateJwk(this.settings), "ES256"));
    const header = `vapid t=${token}, k=${this.settings.publicKey}`;
    if (this.made.size >= pushLimits.subscriptionsMax) this.made.clear();
    this.made.set(origin, { header, atMs: nowMs });
    return header;
  }
}

function privateJwk({ publicKey, privateKey }: PushSettings) {
  const point = fromBase64Url(publicKey) ?? new Uint8Array();
  return { kty: "EC", crv: "P-256", x: base64Url(point.subarray(1, 33)), y: base64Url(point.subarray(33)), d: privateKey };
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
