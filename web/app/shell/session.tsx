/** Whether this browser is signed in, and the way in and out. The form itself is the server's own page, which needs no script. */
import { leavePush } from "../installed/leave-push.ts";
import { forgetEverything } from "../store/kept.ts";
import { useStore } from "../store/store.ts";

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
  const { client, unsent } = useStore();
  const signOut = async () => {
    const count = unsent.value.filter(({ state }) => state !== "sent").length;
    if (count > 0 && !confirm(`Not sent yet, and lost when you sign out: ${count === 1 ? "1 message" : `${count} messages`}.`))
      return;
    await leavePush(client);
    await fetch("/session", { method: "DELETE" });
    // Nothing may be written after it is forgotten.
    client.close();
    await client.rest();
    await forgetEverything();
    location.reload();
  };
  return (
    <button type="button" class="quiet" onClick={() => void signOut().catch(() => {})}>
      Sign out
    </button>
  );
}
