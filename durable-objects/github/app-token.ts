/**
 * The only file that reads the App's private key. It makes tokens that hold for minutes (the App's own) or for one job (an
 * installation's); none of them is stored, logged, or handed to anything but a request to GitHub.
 */
import { importPKCS8, SignJWT } from "jose";

/** GitHub accepts ten minutes at most; a clock that is a minute ahead of GitHub's must not matter. */
const lifetimeSeconds = 9 * 60;
const clockSkewSeconds = 60;

export function hasPrivateKey(environment: object): boolean {
  return privateKeyOf(environment) !== null;
}

/** A token of the App itself, which may make installation tokens and look at its own webhook. Throws when the key cannot be read. */
export async function appJwt(environment: object, { appId, nowMs }: { appId: number; nowMs: number }): Promise<string> {
  const pem = privateKeyOf(environment);
  if (pem === null) throw new Error("GITHUB_APP_PRIVATE_KEY is not set");
  const key = await importPKCS8(pkcs8Of(pem), "RS256");
  const nowSeconds = Math.floor(nowMs / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(String(appId))
    .setIssuedAt(nowSeconds - clockSkewSeconds)
    .setExpirationTime(nowSeconds + lifetimeSeconds)
    .sign(key);
}

/** In a variable of one line, `\n` stands for the line's end. */
function privateKeyOf(environment: object): string | null {
  const { GITHUB_APP_PRIVATE_KEY: value } = environment as { GITHUB_APP_PRIVATE_KEY?: unknown };
  return typeof value === "string" && value.trim() !== "" ? value.trim().replaceAll("\\n", "\n") : null;
}

/** WebCrypto reads PKCS#8 only, and GitHub's download is PKCS#1. Throws a sentence that holds nothing of the key. */
export function pkcs8Of(pem: string): string {
  if (pem.includes("-----BEGIN PRIVATE KEY-----")) return pem;
  const [, base64] = /-----BEGIN RSA PRIVATE KEY-----([\s\S]+?)-----END RSA PRIVATE KEY-----/.exec(pem) ?? [];
  if (base64 === undefined) throw new Error("GITHUB_APP_PRIVATE_KEY is no RSA key in PEM");
  const pkcs1 = Uint8Array.from(atob(base64.replace(/\s/g, "")), (character) => character.charCodeAt(0));
  const pkcs8 = der(0x30, [...versionZero, ...rsaEncryption, ...der(0x04, pkcs1)]);
  const lines = btoa(Array.from(pkcs8, (byte) => String.fromCharCode(byte)).join("")).match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

/** RFC 5208, section 5: a PKCS#8 key is a version, an algorithm and the PKCS#1 key as an octet string. */
const versionZero = [0x02, 0x01, 0x00];
/** SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.1.1, NULL } */
const rsaEncryption = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

function der(tag: number, content: ArrayLike<number>): number[] {
  const { length } = content;
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  const lengthBytes = length < 0x80 ? [length] : [0x80 | bytes.length, ...bytes];
  return [tag, ...lengthBytes, ...Array.from(content)];
}
