/**
 * Starts a command's TypeScript. Plain JavaScript, because it is started by whatever Node the machine has: from 22.18 on that one runs our
 * TypeScript itself; an older one starts the Node that `npm ci` put into node_modules, and is no more than its shell.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** `name` is the command's, `main` the URL of its file. */
export async function launch(name, main) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return void (await import(main.href));
  const node = installedNode();
  if (node === null) {
    console.error(`${name}: Node ${process.versions.node} is too old, 22.18 is needed; "npm ci" brings one along.`);
    process.exit(1);
  }
  // The same three streams: the parent talks to the newer Node itself.
  const given = ["--disable-warning=ExperimentalWarning", fileURLToPath(main), ...process.argv.slice(2)];
  const child = spawn(node, given, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** One of the optional dependencies, that of this platform. */
function installedNode() {
  const { optionalDependencies } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const require = createRequire(import.meta.url);
  const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  for (const name of Object.keys(optionalDependencies).filter((name) => name.endsWith(platform))) {
    try {
      const manifest = require.resolve(`${name}/package.json`);
      return join(dirname(manifest), require(manifest).bin.node);
    } catch {
      // Not installed: another one may be.
    }
  }
  return null;
}
