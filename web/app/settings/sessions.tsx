/** Every browser that is signed in to this account, and the way to end all of it at once. */
import { useState } from "preact/hooks";
import { signOut } from "../shell/session.tsx";
import { useStore } from "../store/store.ts";

export function Sessions() {
  const store = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  const endAll = async () => {
    if (!confirm("Sign out every browser of this account, this one too?")) return;
    setFailure(null);
    await signOut(store, "/sessions").catch((error: Error) => setFailure(error.message));
  };
  return (
    <section aria-labelledby="settings-sessions">
      <h2 id="settings-sessions">Sessions</h2>
      <p class="says">
        Ends the session of every browser at once, say after a device was lost. What another browser keeps of your threads stays
        there until somebody signs in on it. Tokens stay good until they are revoked.
      </p>
      <button type="button" class="quiet" onClick={() => void endAll()}>
        Sign out everywhere
      </button>
      {failure && (
        <p class="notice failed" role="alert">
          Nobody was signed out: {failure}
        </p>
      )}
    </section>
  );
}
