import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";
import { serviceWorker } from "./build-worker.ts";

/** What a browser keeps of a thread is of use only to the code that folded it. */
function foldVersion(): string {
  const hash = createHash("sha256");
  for (const floor of ["core", "protocol"]) {
    const folder = join(import.meta.dirname, "../../durable-objects", floor);
    const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
    for (const file of files.toSorted()) hash.update(file).update(readFileSync(join(folder, file)));
  }
  hash.update(readFileSync(join(import.meta.dirname, "../client/turn-notes.ts")));
  return hash.digest("hex").slice(0, 16);
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [serviceWorker()],
  define: { foldVersion: JSON.stringify(foldVersion()) },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // No polyfill, no inlined files: the page has to live under a policy that allows nothing inline.
  build: { outDir: "dist", emptyOutDir: true, target: "es2024", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
