/**
 * The pair of keys by which push services know a server that runs on one's own machine: made once, kept beside its data, readable for this
 * user only. Browsers subscribe with the public one, so that another pair would silence all of them.
 */
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface PushKeys {
  VAPID_PUBLIC_KEY: string;
  VAPID_PRIVATE_KEY: string;
}

/** Those in `folder`, or new ones, written there first. Throws a sentence when what lies there is no pair. */
export function keptPushKeys(folder: string): PushKeys {
  const path = join(folder, "push-keys.json");
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(path, `${JSON.stringify(newPushKeys())}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    // There are some: made by an earlier start, or by one that was quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    chmodSync(path, 0o600);
  }
  const kept = parsed(readFileSync(path, "utf8"));
  if (kept === null) throw new Error(`${path} does not hold a pair of keys for push. Remove it, and a new one is made.`);
  return kept;
}

/** A point of P-256 as browsers take it, and its number, both base64url. */
export function newPushKeys(): PushKeys {
  const { x = "", y = "", d = "" } = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { VAPID_PUBLIC_KEY: point.toString("base64url"), VAPID_PRIVATE_KEY: d };
}

function parsed(text: string): PushKeys | null {
  try {
    const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY } = JSON.parse(text) as Record<string, unknown>;
    const isPair = typeof VAPID_PUBLIC_KEY === "string" && typeof VAPID_PRIVATE_KEY === "string";
    return isPair ? { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY } : null;
  } catch {
    // No JSON: cut by a crash, or somebody's own.
    return null;
  }
}
