/** What one has to know of the page itself, above everything else: that it is not the server's newest word, or not its newest version. */
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../store/store.ts";
import { isOffline } from "./offline.ts";
import { since } from "./since.ts";
import { beginAnew, hasNewVersion } from "./worker.ts";

export function Notices() {
  const [isPutOff, putOff] = useState(false);
  return (
    <div class="page-notices">
      <Offline />
      <div role="status">
        {hasNewVersion.value && !isPutOff && (
          <p class="page-notice">
            <span>A new version is ready.</span>
            <button type="button" class="bare" onClick={() => void beginAnew()}>
              Reload
            </button>
            <button type="button" class="bare" onClick={() => putOff(true)}>
              Later
            </button>
          </p>
        )}
      </div>
    </div>
  );
}

function Offline() {
  const { heard, connection } = useStore();
  const [now, setNow] = useState(Date.now());
  // At midnight the hour alone would be another day's.
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  const word = connection.value.type === "connecting" && connection.value.attempt === 1 ? "Connecting" : "Offline";
  return (
    <div role="status">
      {isOffline.value && (
        <p class="page-notice">
          {heard.value === null
            ? `${word} — the server was not reached yet.`
            : `${word} — what you see is from ${since(heard.value, now)}.`}
        </p>
      )}
    </div>
  );
}
