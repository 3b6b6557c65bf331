/** `npm run build:client`: `@spindle/client` as one minified ES module, and its types as files without a package behind them. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "vite";

const here = import.meta.dirname;
const root = join(here, "../../..");
const dist = join(here, "dist");
/** Bytes, compressed: what a page may spend on a connection. */
export const clientBytesMax = 12 * 1024;

/** Frames reach a client without their private part: what folds that is left out. A line that is not there any more ends the build. */
const withoutPrivate: Plugin = {
  name: "without-private",
  transform(code, id) {
    if (!id.endsWith("durable-objects/core/reduce.ts")) return null;
    const line = "frame.private?.event ? reducePrivate(seen, frame.private.event) : seen";
    if (code.split(line).length !== 2) throw new Error(`reduce.ts has not one line ${line}`);
    return { code: code.replace(line, "seen"), map: null };
  },
};

/** The size of the module in bytes, compressed. */
export async function buildClient(): Promise<number> {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    plugins: [withoutPrivate],
    build: {
      outDir: dist,
      emptyOutDir: true,
      target: "es2024",
      modulePreload: false,
      rolldownOptions: {
        input: join(here, "index.ts"),
        preserveEntrySignatures: "strict",
        output: { format: "es", minify: true, entryFileNames: "index.js" },
      },
    },
  });
  writeTypes();
  return gzipSync(readFileSync(join(dist, "index.js")), { level: 9 }).length;
}

function writeTypes(): void {
  const folder = mkdtempSync(join(tmpdir(), "spindle-client-types-"));
  try {
    const config = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: folder,
        rootDir: root,
        lib: ["ES2024", "DOM", "DOM.Iterable"],
      },
      files: [join(here, "index.ts")],
    };
    const path = join(folder, "tsconfig.json");
    writeFileSync(path, JSON.stringify(config));
    const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
    execFileSync(process.execPath, [join(typescript, "bin/tsc"), "-p", path], { stdio: "inherit" });
    mkdirSync(join(dist, "types"));
    const client = join(folder, "web/client");
    for (const name of readdirSync(client).filter((name) => name.endsWith(".d.ts"))) {
      writeFileSync(join(dist, "types", name), withOwnNames(readFileSync(join(client, name), "utf8")));
    }
    const entry = withOwnNames(readFileSync(join(client, "package/index.d.ts"), "utf8")).replaceAll('"../', '"./types/');
    writeFileSync(join(dist, "index.d.ts"), `${entry}export type * from "./types/types.js";\n`);
    copyFileSync(join(here, "types.d.ts"), join(dist, "types/types.d.ts"));
    copyFileSync(join(root, "docs/protocol.d.ts"), join(dist, "types/protocol.d.ts"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the house calls by `#` is one file here; what it calls `.ts` is JavaScript. */
function withOwnNames(text: string): string {
  return text.replaceAll(/"#(?:core|protocol)\/[^"]+"/g, '"./types.js"').replaceAll(/"(\.\.?\/[^"]+)\.ts"/g, '"$1.js"');
}

if (import.meta.main) {
  const bytes = await buildClient();
  console.log(`web/client/package/dist: ${bytes} bytes compressed, of ${clientBytesMax}`);
  process.exit(bytes < clientBytesMax ? 0 : 1);
}
