/** The web client's entry. */
import { render } from "preact";
import { createClient } from "#client/client";
import { App } from "./app.tsx";

const client = createClient({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`,
  clientInfo: { name: "spindle-web", title: "Spindle", version: "1" },
});
// Phones freeze pages and drop their network; coming back should not wait for the pause to end.
window.addEventListener("online", () => client.wake());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") client.wake();
});

const place = document.getElementById("app");
if (!place) throw new Error("the page has no #app");
render(<App client={client} />, place);
