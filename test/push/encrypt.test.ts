/** A push that only its browser can read: the example of RFC 8291, and keys that are none. */
import { expect, test } from "vitest";
import { encrypted, fromBase64Url, keysProblem } from "#push/encrypt";
import { decrypted, newBrowserKeys } from "../support/push-receiver.ts";

/** RFC 8291, section 5 and appendix A. */
const example = {
  plaintext: "When I grow up, I want to be a watermelon",
  receiverPrivate: "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
  senderPrivate: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
  senderPublic: "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
  salt: "DGv6ra1nlYgDCS1FRnbzlw",
  keys: {
    p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    auth: "BTBZMqHH6r4Tts7J_aSIgg",
  },
  body: "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
};

async function exampleDice() {
  const point = fromBase64Url(example.senderPublic) ?? new Uint8Array();
  const part = (from: number, to: number) => Buffer.from(point.subarray(from, to)).toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", x: part(1, 33), y: part(33, 65) };
  const ecdh = { name: "ECDH", namedCurve: "P-256" };
  return {
    salt: fromBase64Url(example.salt) ?? new Uint8Array(),
    senderKeys: {
      publicKey: await crypto.subtle.importKey("jwk", jwk, ecdh, true, []),
      privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d: example.senderPrivate }, ecdh, false, ["deriveBits"]),
    },
  };
}

test("the example of RFC 8291 comes out to the byte", async () => {
  const body = await encrypted(example.plaintext, example.keys, await exampleDice());
  expect(Buffer.from(body).toString("base64url")).toBe(example.body);
});

test("the receiver of these tests reads the RFC's example, which it did not write", () => {
  const browser = { ...example.keys, privateKey: example.receiverPrivate };
  expect(decrypted(Buffer.from(example.body, "base64url"), browser)).toBe(example.plaintext);
});

test("a browser reads what was written to it, each time with other bytes, and no other browser does", async () => {
  const [one, other] = [newBrowserKeys(), newBrowserKeys()];
  const text = JSON.stringify({ title: "Äpfel 🧵", waiting: 3 });
  const bodies = [await encrypted(text, one), await encrypted(text, one)];
  for (const body of bodies) expect(decrypted(body, one)).toBe(text);
  expect(Buffer.from(bodies[0] ?? "").equals(bodies[1] ?? Buffer.alloc(0))).toBe(false);
  expect(() => decrypted(bodies[0] ?? Buffer.alloc(0), other)).toThrow();
});

test("what does not fit into one record is not sent in part", async () => {
  await expect(encrypted("x".repeat(5_000), newBrowserKeys())).rejects.toThrow("does not fit");
});

test("keys that cannot be used are named", async () => {
  const { p256dh, auth } = newBrowserKeys();
  expect(await keysProblem({ p256dh, auth })).toBe(null);
  const offCurve = Buffer.alloc(65, 7);
  offCurve[0] = 4;
  const compressed = Buffer.alloc(33, 2).toString("base64url");
  for (const bad of ["", "!", "AAAA", compressed, p256dh.slice(1), "A".repeat(1_000_000)])
    expect(await keysProblem({ p256dh: bad, auth })).toMatch(/^p256dh must be/);
  expect(await keysProblem({ p256dh: offCurve.toString("base64url"), auth })).toBe("p256dh is no point of P-256");
  for (const bad of ["", "short", `${auth}AAAA`, "B".repeat(1_000_000)])
    expect(await keysProblem({ p256dh, auth: bad })).toMatch(/^auth must be/);
});
