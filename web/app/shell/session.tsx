/** Whether this browser is signed in, and the way in and out. The form itself is the server's own page, which needs no script. */
import { leavePush } from "../installed/leave-push.ts";
import { forgetEverything } from "../store/kept.ts";
import { type Store, useStore } from "../store/store.ts";

export function SignedOut() {
  return (
    <p class="notice failed" role="alert">
      You are signed out.{" "}
      <button type="button" onClick={() => location.assign(`/?sign-in${location.hash}`)}>
        Sign in
      </button>
    </p>
  );
}

export function SignOut() {
  const store = useStore();
  return (
    <button type="button" class="quiet" onClick={() => void signOut(store, "/session").catch(() => {})}>
      Sign out
    </button>
  );
}

/**
 * Ends this browser's session, or all of the account's by `/sessions`, and empties what this browser keeps. Rejects, and forgets nothing, when
 * the server does not say that it is done.
 */
export async function signOut({ client, unsent }: Store, path: "/session" | "/sessions"): Promise<void> {
  const count = unsent.value.filter(({ state }) => state !== "sent").length;
  if (count > 0 && !confirm(`Not sent yet, and lost when you sign out: ${count === 1 ? "1 message" : `${count} messages`}.`))
    return;
  await leavePush(client);
  const response = await fetch(path, { method: "DELETE" });
  // Without a session there is nothing left to end.
  if (!response.ok && response.status !== 401) throw new Error(`the server answered ${response.status}`);
  // Nothing may be written after it is forgotten.
  client.close();
  await client.rest();
  await forgetEverything();
  location.reload();
}
