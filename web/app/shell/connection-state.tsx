/** How the connection stands, in a word. */
import { useStore } from "../store/store.ts";

export function ConnectionState() {
  const state = useStore().connection.value;
  const words = {
    connecting: state.type === "connecting" && state.attempt === 1 ? "connecting" : "reconnecting",
    online: "online",
    waiting: "offline, trying again",
    closed: state.type === "closed" && state.failure ? state.failure.message : "closed",
  };
  return (
    <span class={`connection ${state.type}`} role="status">
      {words[state.type]}
    </span>
  );
}
