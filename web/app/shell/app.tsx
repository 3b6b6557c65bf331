/** The whole page: threads and ways on one side, what they lead to on the other; on a phone one of the two. */

import { Notices } from "../installed/notices.tsx";
import { Keys } from "../keys/keys.tsx";
import { overlay } from "../keys/overlay.ts";
import { lazy } from "../lazy.tsx";
import { hrefOf, isListFirst, type Place, place } from "../place.ts";
import { useStore } from "../store/store.ts";
import { NewThread, ThreadPage } from "../talk/thread-page.tsx";
import { ThreadPane } from "../threads/thread-pane.tsx";
import { ConnectionState } from "./connection-state.tsx";
import { isNarrow } from "./narrow.ts";
import { Navigation } from "./navigation.tsx";
import { SignedOut, SignOut } from "./session.tsx";

const Inbox = lazy(async () => (await import("../inbox/inbox.tsx")).Inbox);
const Memory = lazy(async () => (await import("../memory/memory.tsx")).Memory);
const Palette = lazy(async () => (await import("../palette/palette.tsx")).Palette, null);
const Help = lazy(async () => (await import("../keys/help.tsx")).Help, null);
const Settings = lazy(async () => (await import("../settings/settings.tsx")).Settings);

export function App() {
  const session = useStore().session.value;
  // On a phone the list may be all there is, and then it is what the page is about.
  const isListAlone = isListFirst.value && isNarrow.value;
  const Side = isListAlone ? "main" : "aside";
  const isThread = place.value.view === "thread" || place.value.view === "new";
  return (
    <div class={`page ${isListFirst.value ? "list-first" : ""} ${isThread ? "in-thread" : ""}`}>
      <Notices />
      <Side class="side" aria-label="All threads">
        <div class="top">
          <h1 class="brand">Spindle</h1>
          <a class="button begin" href={hrefOf({ view: "new" })}>
            New thread
          </a>
        </div>
        <button
          type="button"
          class="quiet find"
          aria-haspopup="dialog"
          aria-keyshortcuts="Control+K Meta+K"
          onClick={() => {
            overlay.value = "palette";
          }}
        >
          Find or do …
        </button>
        <ThreadPane />
        <div class="bottom">
          <ConnectionState />
          {session === "signedIn" && <SignOut />}
        </div>
      </Side>
      {!isListAlone && (
        <main>
          {session === "signedOut" && <SignedOut />}
          <View at={place.value} />
        </main>
      )}
      <Navigation />
      <Keys />
      <Overlay />
    </div>
  );
}

function Overlay() {
  const close = () => {
    overlay.value = null;
  };
  if (overlay.value === "palette") return <Palette close={close} />;
  return overlay.value === "help" ? <Help close={close} /> : null;
}

function View({ at }: { at: Place }) {
  switch (at.view) {
    case "new":
      return <NewThread />;
    case "thread":
      return <ThreadPage key={at.threadId} at={at} />;
    case "inbox":
      return <Inbox />;
    case "memory":
      return <Memory />;
    case "settings":
      return <Settings />;
    default:
      return at satisfies never;
  }
}
