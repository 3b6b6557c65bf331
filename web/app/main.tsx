/** The web client's entry. */
import "./store/theme.ts";
import { render } from "preact";
import { App } from "./shell/app.tsx";
import { createStore, StoreProvider } from "./store/store.ts";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");
render(
  <StoreProvider value={createStore()}>
    <App />
  </StoreProvider>,
  root,
);
