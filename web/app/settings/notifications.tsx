/** Whether this browser rings when something waits: its switch, what is in the way, and which other devices ring. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { type PushState, readPush, turnOff, turnOn } from "../installed/push.ts";
import { type PushDevice, unsubscribe } from "../installed/push-methods.ts";
import { since } from "../installed/since.ts";
import { useStore } from "../store/store.ts";

export function Notifications() {
  const { client, account, connection } = useStore();
  const [state, setState] = useState<PushState | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const isOnline = connection.value.type === "online";
  const read = useCallback(async () => setState(await readPush({ client, account: await account })), [client, account]);
  const attempt = useCallback(async (work: () => Promise<void>) => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  }, []);
  useEffect(() => {
    if (isOnline) void attempt(read);
  }, [attempt, read, isOnline]);
  if (!isOnline && state === null) return <p class="notice">Whether this device rings is seen when the server is reached.</p>;
  if (failure === null && state === null) return <p class="notice">Asking the browser …</p>;
  const set = (change: typeof turnOn) => void attempt(async () => change({ client, account: await account }).finally(read));
  return (
    <>
      {failure !== null && (
        <p class="notice failed" role="alert">
          This could not be done: {failure}
        </p>
      )}
      {state?.type === "unavailable" && <p>{obstacles[state.why]}</p>}
      {state?.type === "notOffered" && <p>This server sends no notifications: whoever runs it has not set them up.</p>}
      {(state?.type === "on" || state?.type === "off") && (
        <>
          <div class="choices">
            <button
              type="button"
              class={state.type === "on" ? "quiet" : ""}
              disabled={isBusy || !isOnline}
              onClick={() => set(state.type === "on" ? turnOff : turnOn)}
            >
              {state.type === "on" ? "Turn off" : "Turn on"}
            </button>
            <span class="says" role="status">
              {state.type === "on" ? "This device rings." : "This device does not ring."}
            </span>
          </div>
          <Devices
            devices={state.devices}
            ownHash={state.type === "on" ? state.ownHash : null}
            remove={(endpointHash) => void attempt(() => unsubscribe(client, endpointHash).finally(read))}
          />
        </>
      )}
    </>
  );
}

const obstacles = {
  blocked: "The browser blocks notifications of this page. Allow them in its settings for this site, and load the page anew.",
  needsInstall:
    "On iPhone and iPad a page rings only from the home screen: open the share menu, choose “Add to Home Screen”, and turn it on there.",
  unsupported: "This browser cannot ring for a page. It may be a private window, or the address is not https.",
};

interface DevicesProps {
  devices: PushDevice[];
  ownHash: string | null;
  remove: (endpointHash: string) => void;
}

/** Also those that are lost: they can be silenced from here. */
function Devices({ devices, ownHash, remove }: DevicesProps) {
  if (devices.length === 0) return null;
  const now = Date.now();
  return (
    <ul class="tokens" aria-label="Devices that ring">
      {devices.map(({ endpointHash, device, subscribedAt, lastDeliveredAt, lastFailure }) => (
        <li key={endpointHash}>
          <span class="name">
            <Visible text={device || "A device without a name"} />{" "}
            {endpointHash === ownHash && <span class="badge">this one</span>}
          </span>
          <span class="detail">
            On since {since(subscribedAt, now)},{" "}
            {lastDeliveredAt === null ? "not rung yet" : `last rung ${since(lastDeliveredAt, now)}`}
            {lastFailure !== null && (
              <>
                , and failed last: <Visible text={lastFailure} />
              </>
            )}
          </span>
          {endpointHash !== ownHash && (
            <button
              type="button"
              class="quiet"
              aria-label={`Silence ${device || "the device without a name"}`}
              onClick={() => remove(endpointHash)}
            >
              Silence
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
