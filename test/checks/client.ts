/**
 * `@spindle/client` as a stranger uses it: `npm run check:client`. It is built, weighed and packed, installed into an empty project without a
 * network, type-checked there, and its examples run in Node, in a browser and in a Worker against a whole server.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { build } from "vite";
import { buildClient, clientBytesMax } from "../../web/client/package/build.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { freePort, projectRoot } from "./server.ts";
import { openBrowser } from "./web/browser.ts";

const results: (string | null)[] = [];
const project = mkdtempSync(join(tmpdir(), "spindle-client-"));
const pagePort = await freePort();
const pageOrigin = `http://127.0.0.1:${pagePort}`;
const bundle = await bundleWorker();
const server = await startMiniflare({ bundle, env: { SPINDLE_ALLOWED_ORIGINS: pageOrigin } });
const wanted = JSON.stringify({ said: "done", file: "hello\n" });

try {
  await step(`it is smaller than ${clientBytesMax} bytes, compressed, and has no package behind it`, async () => {
    const bytes = await buildClient();
    console.log(`       ${bytes} bytes`);
    if (bytes >= clientBytesMax) throw new Error(`${bytes} bytes`);
    const text = readFileSync(join(projectRoot, "web/client/package/dist/index.js"), "utf8");
    if (/\bimport\s*[{(*"'\w]/.test(text)) throw new Error("it imports something");
  });
  await step("its package installs in an empty project, without a network", async () => {
    const packed = run("npm", ["pack", "--silent", "--pack-destination", project], join(projectRoot, "web/client/package"));
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
    run("npm", ["install", "--offline", "--silent", "--no-audit", "--no-fund", join(project, packed.trim())], project);
    cpSync(join(projectRoot, "web/client/examples"), project, { recursive: true });
  });
  for (const moduleResolution of ["bundler", "nodenext"]) {
    await step(`it type-checks there, resolved as ${moduleResolution}, with every declaration looked at`, async () => {
      const compilerOptions = {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        target: "es2024",
        module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
        moduleResolution,
        lib: ["ES2024", "DOM", "DOM.Iterable"],
        types: [],
      };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["types.ts"] }));
      const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
      run(process.execPath, [join(typescript, "bin/tsc"), "-p", "."], project);
    });
  }
  await step("its example runs in Node", async () => {
    equal(run(process.execPath, ["node.js"], project, { SPINDLE_URL: server.wsUrl, SPINDLE_TOKEN: "" }).trim(), wanted);
  });
  await step("its example runs in a page, where a person clicks", async () => {
    const pages = await servePages();
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`${pageOrigin}/page.html?url=${encodeURIComponent(server.wsUrl)}`);
      const output = page.locator("output");
      // Until the question is there, a click answers nothing.
      for (let clicks = 0; (await output.textContent()) === "" && clicks < 200; clicks += 1) {
        await page.locator("button").click();
        await page.waitForTimeout(50);
      }
      equal((await output.textContent()) ?? "", wanted);
    } finally {
      await browser.close();
      pages.close();
    }
  });
  await step("its example runs in a Worker", async () => {
    mkdirSync(join(project, "built"));
    await build({
      root: project,
      configFile: false,
      logLevel: "warn",
      build: {
        outDir: join(project, "built"),
        emptyOutDir: true,
        target: "es2024",
        modulePreload: false,
        rolldownOptions: {
          input: join(project, "worker.js"),
          preserveEntrySignatures: "strict",
          output: { format: "es", entryFileNames: "worker.js" },
        },
      },
    });
    const worker = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script: readFileSync(join(project, "built/worker.js"), "utf8"),
        compatibilityDate: "2026-10-01",
        bindings: { SPINDLE_URL: server.wsUrl },
      }),
    );
    try {
      const response = await worker.dispatchFetch("http://worker/");
      equal(await response.text(), wanted);
    } finally {
      await worker.dispose();
    }
  });
} finally {
  await server.close();
  for (const folder of [project, bundle]) rmSync(folder, { recursive: true, force: true });
}
const failed = results.filter((problem) => problem !== null).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** The project's folder, as any server of files gives it. */
async function servePages(): Promise<Server> {
  const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript" };
  const pages = createServer(({ url = "/" }, response) => {
    const path = new URL(url, pageOrigin).pathname;
    try {
      const text = readFileSync(join(project, path));
      response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain" }).end(text);
    } catch {
      // A browser asks for an icon by itself.
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => pages.listen(pagePort, "127.0.0.1", resolve));
  return pages;
}

function run(command: string, parameters: string[], cwd: string, env: Record<string, string> = {}): string {
  try {
    return execFileSync(command, parameters, { cwd, encoding: "utf8", env: { ...process.env, ...env }, stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${parameters.join(" ")}\n${stdout}${stderr}`);
  }
}

function equal(found: string, expected: string): void {
  if (found !== expected) throw new Error(`${found} instead of ${expected}`);
}

async function step(title: string, tell: () => Promise<void>): Promise<void> {
  const problem = await tell().then(
    () => null,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  results.push(problem);
  console.log(`${problem === null ? "ok    " : "FAILED"} ${title}${problem === null ? "" : `\n       ${problem}`}`);
}
