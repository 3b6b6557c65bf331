/** What a person may set: for the account's new threads, for this browser, and who else may come in. */
import "./settings.css";
import { goToList, hrefOf } from "../place.ts";
import { useStore } from "../store/store.ts";
import { chooseTheme, type Theme, theme } from "../store/theme.ts";
import { About } from "./about.tsx";
import { Choice } from "./choice.tsx";
import { NewThreads } from "./new-threads.tsx";
import { Notifications } from "./notifications.tsx";
import { Sessions } from "./sessions.tsx";
import { Tokens } from "./tokens.tsx";

const themeOptions: { value: Theme; label: string }[] = [
  { value: "system", label: "As the device" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

export function Settings() {
  return (
    <>
      <header class="bar">
        <button type="button" class="quiet back" aria-label="All threads" onClick={goToList}>
          ‹
        </button>
        <h1 class="title">Settings</h1>
      </header>
      <div class="scroll settings">
        <section aria-labelledby="settings-threads">
          <h2 id="settings-threads">New threads</h2>
          <p class="says">
            What threads begin with from now on, on all your devices. Threads that are there keep what they have.
          </p>
          <NewThreads />
        </section>
        <section aria-labelledby="settings-browser">
          <h2 id="settings-browser">This browser</h2>
          <Choice
            label="Theme"
            says="The colours of the page, in this browser only."
            value={theme.value}
            options={themeOptions}
            choose={(value) => chooseTheme(value as Theme)}
          />
        </section>
        <section aria-labelledby="settings-notifications">
          <h2 id="settings-notifications">Notifications on this device</h2>
          <p class="says">
            It rings when a diff, a command or a question waits for you, and when a turn is done or has failed. A press on it
            opens what it is about.
          </p>
          <Notifications />
        </section>
        {useStore().session.value === "signedIn" && <Sessions />}
        <section aria-labelledby="settings-memory">
          <h2 id="settings-memory">Memory</h2>
          <p class="says">
            What was learned from earlier turns is seen, edited and switched off in the{" "}
            <a href={hrefOf({ view: "memory" })}>memory</a>.
          </p>
        </section>
        <section aria-labelledby="settings-tokens">
          <h2 id="settings-tokens">Tokens</h2>
          <p class="says">A token lets another client in: an editor, a terminal, another browser.</p>
          <Tokens />
        </section>
        <section aria-labelledby="settings-about">
          <h2 id="settings-about">About</h2>
          <About />
        </section>
      </div>
    </>
  );
}
