/** Whether this browser is signed in, and the way in and out. The form itself is the server's own page, which needs no script. */
import { useEffect, useState } from "preact/hooks";
import type { ConnectionState } from "#client/connection";

export type Session = "unknown" | "signedIn" | "signedOut" | "notNeeded";

/** Asked whenever the connection changes: a WebSocket does not say why it was refused, plain HTTP does. */
export function useSession(connection: ConnectionState["type"]): Session {
  const [session, setSession] = useState<Session>("unknown");
  useEffect(() => {
    if (connection === "connecting") return;
    let isGone = false;
    readSession().then(
      (read) => isGone || setSession(read),
      () => {
        // Without a network nobody knows; the next change asks again.
      },
    );
    return () => {
      isGone = true;
    };
  }, [connection]);
  return session;
}

export function SignedOut() {
  return (
    <p class="notice failed" role="alert">
      You are signed out.{" "}
      <button type="button" onClick={() => location.reload()}>
        Sign in
      </button>
    </p>
  );
}

export function SignOut() {
  const signOut = () => fetch("/session", { method: "DELETE" }).then(() => location.reload());
  return (
    <button type="button" class="quiet" onClick={() => void signOut().catch(() => {})}>
      Sign out
    </button>
  );
}

async function readSession(): Promise<Session> {
  const response = await fetch("/session", { headers: { accept: "application/json" } });
  if (response.status === 401) return "signedOut";
  if (!response.ok) return "unknown";
  const { isSession } = (await response.json()) as { isSession: boolean };
  return isSession ? "signedIn" : "notNeeded";
}
