/** OpenAI's own Codex client, unmodified, in a terminal and with a home of its own. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./server.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

const codexPackage = "@openai/codex@0.169.0";

/** The client's program: `CODEX_BIN`, or the released package, installed on first use (about 400 MB) where no commit looks. */
export function installCodex(): string {
  if (process.env.CODEX_BIN) return process.env.CODEX_BIN;
  const folder = join(projectRoot, "node_modules/.cache/spindle-codex");
  const program = join(folder, "node_modules/.bin/codex");
  if (!existsSync(program)) {
    console.log(`Installing ${codexPackage}, once …`);
    mkdirSync(folder, { recursive: true });
    execFileSync("npm", ["install", "--prefix", folder, "--no-save", "--no-package-lock", codexPackage], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return program;
}

export interface CodexHome {
  /** Opens the client with these parameters, from the folder that is trusted. */
  open(parameters: readonly string[], env?: Record<string, string>): Promise<Terminal>;
  /** Runs one of the client's commands that need no terminal, and gives its exit code and all it printed. */
  run(...parameters: string[]): Promise<{ exitCode: number; output: string }>;
  remove(): void;
}

/** A person who never used Codex before but has answered its first questions: nobody is logged in, one empty folder is trusted. */
export function createCodexHome(program: string): CodexHome {
  // Not in the system's temporary directory: Codex refuses to keep its helper programs there, and says so on the screen.
  const homes = join(projectRoot, "node_modules/.cache/spindle-checks/homes");
  mkdirSync(homes, { recursive: true });
  const home = mkdtempSync(join(homes, "codex-"));
  const [codexHome, folder] = [join(home, ".codex"), join(home, "project")];
  mkdirSync(codexHome);
  mkdirSync(folder);
  // Text that comes as fast as a program types it would be taken for pasted, and Enter with it.
  const config = `check_for_update_on_startup = false\ndisable_paste_burst = true\n\n[projects."${folder}"]\ntrust_level = "trusted"\n`;
  writeFileSync(join(codexHome, "config.toml"), config);
  const ownEnv = {
    HOME: home,
    CODEX_HOME: codexHome,
    PATH: `${process.execPath.replace(/\/[^/]+$/, "")}:/usr/bin:/bin`,
    LANG: "C.UTF-8",
  };
  return {
    open: (parameters, env = {}) => openTerminal({ command: [program, ...parameters], cwd: folder, env: { ...ownEnv, ...env } }),
    run: (...parameters) =>
      new Promise((resolve) => {
        const child = execFile(program, parameters, { cwd: folder, env: ownEnv, timeout: 60_000 }, (_error, stdout, stderr) =>
          resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr }),
        );
        child.stdin?.end();
      }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
