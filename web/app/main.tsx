/** The web client's entry. */
import "./store/theme.ts";
import { render } from "preact";
import { startInstalled } from "./installed/start.ts";
import { App } from "./shell/app.tsx";
import { createStore, StoreProvider } from "./store/store.ts";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");
const store = createStore();
startInstalled(store);
render(
  <StoreProvider value={store}>
    <App />
  </StoreProvider>,
  root,
);
