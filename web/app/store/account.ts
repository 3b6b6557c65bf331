/** Whose page this is. What the browser keeps belongs to one account, and a browser may be somebody else's by tomorrow. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { leavePush } from "../installed/leave-push.ts";
import { keepText, keptText } from "./kept.ts";
import { storageLimits } from "./limits.ts";

export type Session = "unknown" | "signedIn" | "signedOut" | "notNeeded";

export interface Account {
  session: ReadonlySignal<Session>;
  /** Whose things are shown: the last one who was here, until the server says otherwise. Waits for the server on the first visit. */
  name: Promise<string>;
  /** Asks the server: a WebSocket does not say why it was refused, plain HTTP does. */
  check(): Promise<void>;
  /** Whether the browser's credential is this account's. Asked before anything is sent that was written earlier. */
  isStill(): Promise<boolean>;
}

export function createAccount(): Account {
  const session = signal<Session>("unknown");
  const { promise: name, resolve } = Promise.withResolvers<string>();
  let known = keptText("account");
  if (known !== null) resolve(known);

  /** Null when it is not known, or there is none. */
  const ask = async (): Promise<string | null> => {
    const response = await fetch("/session", { headers: { accept: "application/json" } });
    if (response.status === 401) session.value = "signedOut";
    if (!response.ok) return null;
    const { account, isSession } = (await response.json()) as { account: string; isSession: boolean };
    session.value = isSession ? "signedIn" : "notNeeded";
    if (account === known) return account;
    keepText("account", account);
    // Everything here is another account's: nothing rings for it any more, and the page begins anew with its own.
    if (known !== null) void leavePush(null).finally(() => location.reload());
    else resolve(account);
    known = account;
    return account;
  };

  return {
    session,
    name,
    check: async () => {
      // Without a network nobody knows; the next change asks again.
      await ask().catch(() => {});
    },
    isStill: async () => {
      for (let attempt = 0; attempt < storageLimits.sessionAttemptsMax; attempt += 1) {
        try {
          return (await ask()) === (await name);
        } catch {
          await new Promise((done) => setTimeout(done, storageLimits.sessionPauseMs));
        }
      }
      return false;
    },
  };
}
