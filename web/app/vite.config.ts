import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // No polyfill, no inlined files: the page has to live under a policy that allows nothing inline.
  build: { outDir: "dist", emptyOutDir: true, target: "es2024", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
