/** Web Push as the operator's environment names it (docs/push.md). */

import { fromBase64Url } from "#push/encrypt";
import { readHosts } from "#push/endpoint";

export interface PushSettings {
  /** Base64url: an uncompressed point of P-256, which browsers subscribe with, and the number that belongs to it. */
  publicKey: string;
  privateKey: string;
  /** Where a push service reaches whoever runs this server. */
  subject: string;
  /** Push services besides those of the browsers. */
  hosts: string[];
}

/** Where nobody said who runs the server. Services only look whether it is an address; example.com is nobody's (RFC 2606). */
const subjectOfNobody = "mailto:spindle@example.com";

/** Null where push is not configured; a problem is a sentence for the operator and repeats no key. */
export function readPushSettings(environment: object): PushSettings | null | { problem: string } {
  const variable = (name: string) => {
    const value = (environment as Record<string, unknown>)[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
  };
  const publicKey = variable("VAPID_PUBLIC_KEY");
  const privateKey = variable("VAPID_PRIVATE_KEY");
  if (publicKey === null && privateKey === null) return null;
  if (publicKey === null || privateKey === null) return { problem: "VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY belong together." };
  const point = fromBase64Url(publicKey);
  if (point?.length !== 65 || point[0] !== 4) {
    return { problem: "VAPID_PUBLIC_KEY must be an uncompressed point of P-256 in base64url, 87 characters." };
  }
  if (fromBase64Url(privateKey)?.length !== 32) {
    return { problem: "VAPID_PRIVATE_KEY must be 32 bytes in base64url, 43 characters." };
  }
  const url = variable("SPINDLE_URL");
  const subject = variable("VAPID_SUBJECT") ?? (url?.startsWith("https://") ? url : subjectOfNobody);
  if (!/^(mailto:.+@.+|https:\/\/.+)$/.test(subject)) {
    return { problem: "VAPID_SUBJECT must look like mailto:you@example.com or https://spindle.example." };
  }
  return { publicKey, privateKey, subject, hosts: readHosts(variable("SPINDLE_PUSH_HOSTS") ?? "") };
}
