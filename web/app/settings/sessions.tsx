/** Every browser that is signed in to this account, and the way to end all of it at once. */
import { useState } from "preact/hooks";
import type { Client } from "#client/client";
import { listDevices, unsubscribe } from "../installed/push-methods.ts";
import { signOut } from "../shell/session.tsx";
import { useStore } from "../store/store.ts";

/** A lost device would ring on with the names of threads. What cannot be told to the server now is not a reason to keep the sessions. */
async function silenceAll(client: Client): Promise<void> {
  const devices = await listDevices(client).catch(() => []);
  await Promise.all(devices.map(({ endpointHash }) => unsubscribe(client, endpointHash).catch(() => {})));
}

export function Sessions() {
  const store = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  const endAll = async () => {
    if (!confirm("Sign out every browser of this account, this one too?")) return;
    setFailure(null);
    await silenceAll(store.client);
    await signOut(store, "/sessions").catch((error: Error) => setFailure(error.message));
  };
  return (
    <section aria-labelledby="settings-sessions">
      <h2 id="settings-sessions">Sessions</h2>
      <p class="says">
        Ends the session of every browser at once, and no device rings any more, say after one was lost. What another browser
        keeps of your threads stays there until somebody signs in on it. Tokens stay good until they are revoked.
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
