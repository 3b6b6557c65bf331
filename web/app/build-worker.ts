/** Builds the service worker after the page: one file, which names every file that the page is made of. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "vite";

/** Public files that the page itself shows, and without which an installed one has no face. */
const publicFiles = ["icon.svg", "icon-192.png", "badge-96.png", "manifest.webmanifest"];

/** The version stands in the page (`<meta name="version">`) and in the worker, so that each knows whether the other is as new. */
export function serviceWorker(): Plugin {
  let outDir = "";
  let publicDir = "";
  let root = "";
  let version = "";
  let paths: string[] = [];
  return {
    name: "spindle-service-worker",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      ({ root, publicDir } = config);
      outDir = resolve(root, config.build.outDir);
    },
    generateBundle(_, bundle) {
      const hash = createHash("sha256");
      for (const [name, part] of Object.entries(bundle).toSorted(([one], [other]) => (one < other ? -1 : 1))) {
        hash.update(name).update(part.type === "chunk" ? part.code : part.source);
      }
      for (const name of publicFiles) hash.update(name).update(readFileSync(join(publicDir, name)));
      // What the worker does is part of the version too: it is another file then, and its shell would be the other's.
      for (const name of sourcesOf(join(root, "service-worker"))) hash.update(readFileSync(name));
      version = hash.digest("hex").slice(0, 16);
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("the build made no index.html");
      const html = String(page.source);
      page.source = html.replace("</head>", `  <meta name="version" content="${version}" />\n  </head>`);
      const built = Object.keys(bundle).filter((name) => name !== "index.html" && !name.endsWith(".map"));
      paths = ["/", ...[...built, ...publicFiles].toSorted().map((name) => `/${name}`)];
    },
    async closeBundle() {
      if (version === "") return;
      await build({
        configFile: false,
        root,
        logLevel: "warn",
        define: { build: JSON.stringify({ version, paths }) },
        publicDir: false,
        build: {
          outDir,
          emptyOutDir: false,
          target: "es2024",
          rolldownOptions: {
            input: join(root, "service-worker/worker.ts"),
            output: { format: "iife", entryFileNames: "service-worker.js", codeSplitting: false },
          },
        },
      });
      if (!existsSync(join(outDir, "service-worker.js"))) throw new Error("the service worker was not built");
    },
  };
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .toSorted()
    .map((name) => join(folder, name));
}
