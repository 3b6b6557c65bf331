/** A browser's end of Web Push, written apart from the sender's: reads what was sent to it, and checks who sent it. */
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";

/** What a browser tells of itself, and what it keeps. All base64url. */
export interface BrowserKeys {
  p256dh: string;
  auth: string;
  privateKey: string;
}

export function newBrowserKeys(): BrowserKeys {
  const pair = createECDH("prime256v1");
  pair.generateKeys();
  // Node leaves out the zeros in front.
  const number = Buffer.alloc(32);
  const digits = pair.getPrivateKey();
  digits.copy(number, number.length - digits.length);
  return {
    p256dh: pair.getPublicKey("base64url"),
    auth: randomBytes(16).toString("base64url"),
    privateKey: number.toString("base64url"),
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
  const end = padded.findLastIndex((byte: number) => byte !== 0);
  if (padded[end] !== 2) throw new Error("no end of the last record");
  return padded.subarray(0, end).toString();
}

export interface Authorized {
  publicKey: string;
  claims: { aud: string; exp: number; sub: string };
}

/** The claims of a push's `Authorization`, which the key in it signed. Throws where it did not. Source: RFC 8292. */
export async function authorized(header: string): Promise<Authorized> {
  const [, token = "", publicKey = ""] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header) ?? [];
  const [head = "", claims = "", signature = ""] = token.split(".");
  const key = await crypto.subtle.importKey("raw", bytesOf(publicKey), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${claims}`);
  const isSigned = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytesOf(signature), signed);
  if (!isSigned) throw new Error("not signed");
  return { publicKey, claims: JSON.parse(Buffer.from(claims, "base64url").toString()) };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "base64url"));
}
