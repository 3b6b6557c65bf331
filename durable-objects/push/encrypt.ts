/** A message for one browser that nobody on the way can read. Source: RFC 8291, with the content coding `aes128gcm` of RFC 8188. */

/** WebCrypto takes no memory that threads share. */
type Bytes = Uint8Array<ArrayBuffer>;

/** As the browser's `PushSubscription.toJSON().keys` gives them: base64url without padding. */
export interface SubscriptionKeys {
  /** Its public key, an uncompressed point of P-256: 65 bytes. */
  p256dh: string;
  /** What both sides know besides: 16 bytes. */
  auth: string;
}

/** What is thrown anew for each message. A test gives the RFC's own. */
export interface EncryptionDice {
  salt: Bytes;
  senderKeys: CryptoKeyPair;
}

/** One record holds all of it: RFC 8291, section 4. */
const recordBytes = 4_096;
const pointBytes = 65;
const authBytes = 16;
/** Before anything is decoded: a point takes 87. */
const keyCharactersMax = 128;
/** Marks the end of the last record. */
const delimiter = 2;

/** Null where the browser can be written to, else why not. */
export async function keysProblem({ p256dh, auth }: SubscriptionKeys): Promise<string | null> {
  const point = p256dh.length > keyCharactersMax ? null : fromBase64Url(p256dh);
  if (point === null || point.length !== pointBytes || point[0] !== 4) return "p256dh must be an uncompressed point of P-256";
  const secret = auth.length > keyCharactersMax ? null : fromBase64Url(auth);
  if (secret?.length !== authBytes) return `auth must be ${authBytes} bytes in base64url`;
  try {
    await importPoint(point);
    return null;
  } catch {
    // WebCrypto throws for a point that is not on the curve.
    return "p256dh is no point of P-256";
  }
}

/** The body of the push. Throws where the keys cannot be read, or where the message does not fit. */
export async function encrypted(message: string, keys: SubscriptionKeys, dice?: EncryptionDice): Promise<Bytes> {
  const receiverPoint = required(fromBase64Url(keys.p256dh));
  const auth = required(fromBase64Url(keys.auth));
  const { salt, senderKeys } = dice ?? { salt: crypto.getRandomValues(new Uint8Array(16)), senderKeys: await newKeys() };
  const senderPoint = new Uint8Array((await crypto.subtle.exportKey("raw", senderKeys.publicKey)) as ArrayBuffer);
  const agreement = { name: "ECDH", public: await importPoint(receiverPoint) };
  // The platform's types call the member `$public`; its code and the standard call it `public`.
  const shared = await crypto.subtle.deriveBits(
    agreement as unknown as Parameters<SubtleCrypto["deriveBits"]>[0],
    senderKeys.privateKey,
    256,
  );
  const info = joined(utf8("WebPush: info\0"), receiverPoint, senderPoint);
  const secret = await derived(new Uint8Array(shared), { salt: auth, info, bytes: 32 });
  const key = await derived(secret, { salt, info: utf8("Content-Encoding: aes128gcm\0"), bytes: 16 });
  const iv = await derived(secret, { salt, info: utf8("Content-Encoding: nonce\0"), bytes: 12 });
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, cipher, joined(utf8(message), Uint8Array.of(delimiter)));
  if (sealed.byteLength > recordBytes) throw new Error(`a push of ${sealed.byteLength} bytes does not fit into one record`);
  const header = new DataView(new ArrayBuffer(5));
  header.setUint32(0, recordBytes);
  header.setUint8(4, senderPoint.length);
  return joined(salt, new Uint8Array(header.buffer), senderPoint, new Uint8Array(sealed));
}

/** Null where it is none. */
export function fromBase64Url(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return null;
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

async function newKeys(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"])) as CryptoKeyPair;
}

function importPoint(point: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", point, { name: "ECDH", namedCurve: "P-256" }, false, []);
}

async function derived(from: Bytes, { salt, info, bytes }: { salt: Bytes; info: Bytes; bytes: number }): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", from, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, bytes * 8));
}

function joined(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function utf8(text: string): Bytes {
  return new Uint8Array(new TextEncoder().encode(text));
}

function required(bytes: Bytes | null): Bytes {
  if (bytes === null) throw new Error("a subscription with keys that cannot be read");
  return bytes;
}
