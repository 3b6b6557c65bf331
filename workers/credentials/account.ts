/** From a credential's subject to the account: the first part of the name of every object that the caller can reach. */
import { accessLimits } from "#core/limits";

/**
 * Different subjects give different accounts, and no account holds a slash, so that none can name another's objects; case is kept. Null
 * for a subject that is empty, too long, or no Unicode text. Example: `auth0|a/b` → `auth0%7Ca%2Fb`
 */
export function accountOfSubject(subject: string): string | null {
  if (subject === "" || !subject.isWellFormed()) return null;
  if (new TextEncoder().encode(subject).length > accessLimits.subjectBytesMax) return null;
  return encodeURIComponent(subject);
}

export function subjectOfAccount(account: string): string {
  return decodeURIComponent(account);
}

/** Of whoever is served without a credential of their own, and of `SPINDLE_TOKEN`: who later sets a token finds their threads. */
export const localAccount = "local";
