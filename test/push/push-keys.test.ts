/** `npm start` makes its keys for push once, and keeps them for itself. */
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Authorization } from "#push/authorization";
import { readPushSettings } from "#push/settings";
import { keptPushKeys, newPushKeys } from "../../workers/push-keys.ts";
import { authorized } from "../support/push-receiver.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "spindle-test-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test("a second start finds the pair of the first, which nobody else may read", () => {
  const place = join(folder(), "state");
  const made = keptPushKeys(place);
  chmodSync(join(place, "push-keys.json"), 0o644);
  expect(keptPushKeys(place)).toEqual(made);
  expect(statSync(join(place, "push-keys.json")).mode & 0o777).toBe(0o600);
  expect(keptPushKeys(folder())).not.toEqual(made);
});

test.each(["", "{}", '{"VAPID_PUBLIC_KEY":7}'])("a file that holds %j stops the start with a sentence", (text) => {
  const place = folder();
  writeFileSync(join(place, "push-keys.json"), text);
  expect(() => keptPushKeys(place)).toThrow("does not hold a pair of keys for push");
});

test("every pair that is made is one that the server takes, and signs for one service at a time", async () => {
  for (let count = 0; count < 300; count++) expect(readPushSettings(newPushKeys())).not.toHaveProperty("problem");
  const settings = readPushSettings({ ...newPushKeys(), VAPID_SUBJECT: "mailto:me@example.org" });
  if (settings === null || "problem" in settings) throw new Error("no settings");
  const authorization = new Authorization(settings);
  const nowMs = Date.UTC(2026, 10, 21);
  const header = await authorization.headerFor("https://fcm.googleapis.com/fcm/send/one", nowMs);
  expect(await authorized(header)).toEqual({
    publicKey: settings.publicKey,
    claims: { aud: "https://fcm.googleapis.com", exp: nowMs / 1000 + 12 * 60 * 60, sub: "mailto:me@example.org" },
  });
  expect(await authorization.headerFor("https://fcm.googleapis.com/fcm/send/two", nowMs + 60_000)).toBe(header);
  expect(await authorization.headerFor("https://web.push.apple.com/one", nowMs)).not.toBe(header);
  const { claims } = await authorized(await authorization.headerFor("https://fcm.googleapis.com/a", nowMs + 7 * 60 * 60_000));
  expect(claims.exp).toBe(nowMs / 1000 + 19 * 60 * 60);
});
