/** A browser's end of Web Push, written apart from the sender's: reads what was sent to it, and checks who sent it. */
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from "node:crypto";

/** What a browser tells of itself, and what it keeps. All base64url. */
export interface BrowserKeys {
  p256dh: string;
  auth: string;
  privateKey: string;
}

export function newBrowserKeys(): BrowserKeys {
  const pair = createECDH("prime256v1");
  pair.generateKeys();
  return {
    p256dh: pair.getPublicKey("base64url"),
    auth: randomBytes(16).toString("base64url"),
    privateKey: pair.getPrivateKey("base64url"),
  };
}

/** A server's pair, as its two variables hold it. */
export function newServerKeys(): { publicKey: string; privateKey: string } {
  const { p256dh: publicKey, privateKey } = newBrowserKeys();
  return { publicKey, privateKey };
}

/** The text of a push. Throws where it is for another browser, or was changed on the way. Source: RFC 8188, RFC 8291. */
export function decrypted(body: Uint8Array, { p256dh, auth, privateKey }: BrowserKeys): string {
  const bytes = Buffer.from(body);
  const salt = bytes.subarray(0, 16);
  const idLength = bytes.readUInt8(20);
  const sender = bytes.subarray(21, 21 + idLength);
  const record = bytes.subarray(21 + idLength);
  if (record.length > bytes.readUInt32BE(16)) throw new Error("more than one record");
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(Buffer.from(privateKey, "base64url"));
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), Buffer.from(p256dh, "base64url"), sender]);
  const secret = Buffer.from(hkdfSync("sha256", ecdh.computeSecret(sender), Buffer.from(auth, "base64url"), info, 32));
  const key = Buffer.from(hkdfSync("sha256", secret, salt, "Content-Encoding: aes128gcm\0", 16));
  const nonce = Buffer.from(hkdfSync("sha256", secret, salt, "Content-Encoding: nonce\0", 12));
  const cipher = createDecipheriv("aes-128-gcm", key, nonce);
  cipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== 2) throw new Error("no end of the last record");
  return padded.subarray(0, end).toString();
}

/** The claims of a push's `Authorization`, which the key in it signed. Throws where it did not. Source: RFC 8292. */
export function authorized(header: string): { publicKey: string; claims: { aud: string; exp: number; sub: string } } {
  const [, token = "", publicKey = ""] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header) ?? [];
  const [head = "", claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(publicKey, "base64url");
  const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
  const key = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  const signed = Buffer.from(`${head}.${claims}`);
  if (!verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url")))
    throw new Error("not signed");
  return { publicKey, claims: JSON.parse(Buffer.from(claims, "base64url").toString()) };
}
