/** A terminal program as a person uses it: tmux runs it, keys go in, the screen comes out. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Terminal {
  /** What stands on the screen now, as plain text without the spaces at the ends of lines. */
  screen(): Promise<string>;
  /** The screen and everything that was scrolled out of it. */
  everything(): Promise<string>;
  /** What the program made the terminal's title; empty until it sets one. */
  title(): Promise<string>;
  /** Types text, as it is. */
  type(text: string): Promise<void>;
  /** Presses one key by tmux's name for it: `Enter`, `Escape`, `C-c`. */
  press(key: string): Promise<void>;
  /** Waits until the screen shows it, and gives that screen. Throws with the last screen when the time is over. */
  waitFor(what: Sight, timeoutMs?: number): Promise<string>;
  /** Whether the program still runs. */
  isRunning(): Promise<boolean>;
  /** Waits until the program has ended by itself, and gives all it left on the terminal. */
  waitForEnd(timeoutMs?: number): Promise<string>;
  close(): Promise<void>;
}

/** Text or a pattern somewhere on the screen, or whatever a function finds in it. */
export type Sight = string | RegExp | ((screen: string) => boolean);

/** Makes sure that tmux is there: installs Debian's where that can be done without asking anybody. */
export function requireTmux(): void {
  if (isInstalled("tmux")) return;
  if (process.getuid?.() !== 0 || !isInstalled("apt-get")) {
    throw new Error("This check drives a terminal with tmux, which is not installed. Install it (Debian: apt-get install tmux).");
  }
  const options = { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } } as const;
  try {
    execFileSync("apt-get", ["install", "-y", "tmux"], options);
  } catch {
    // A machine's package lists may be missing or old.
    execFileSync("apt-get", ["update"], options);
    execFileSync("apt-get", ["install", "-y", "tmux"], options);
  }
}

export interface Program {
  command: readonly string[];
  cwd: string;
  /** The whole environment of the program, besides what tmux sets. */
  env: Record<string, string>;
  columns?: number;
  rows?: number;
}

/** Starts the program in a terminal of its own. Its tmux server is its own as well: nobody's sessions are touched. */
export async function openTerminal({ command, cwd, env, columns = 120, rows = 40 }: Program): Promise<Terminal> {
  terminals += 1;
  const name = `spindle-check-${process.pid}-${terminals}`;
  const tmux = async (...parameters: string[]) => (await run("tmux", ["-L", name, "-f", "/dev/null", ...parameters])).stdout;
  const program = [
    "env",
    "-i",
    "TERM=tmux-256color",
    ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
    ...command,
  ];
  // The options come before the program, which may be quicker than us: the screen of one that ended has to stay readable.
  await tmux(
    ...["start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";", "set-option", "-g", "history-limit", "20000", ";"],
    ...["new-session", "-d", "-s", "check", "-x", String(columns), "-y", String(rows), "-c", cwd, "--", ...program],
  );
  const pane = "check:";
  const capture = async (...options: string[]) =>
    (await tmux("capture-pane", "-p", "-t", pane, ...options))
      .split("\n")
      .map((line) => line.trimEnd())
      .join("\n")
      .trimEnd();
  const format = async (text: string) => (await tmux("display-message", "-p", "-t", pane, text)).trim();
  const untitled = await format("#{pane_title}");

  const terminal: Terminal = {
    screen: () => capture(),
    everything: () => capture("-S", "-"),
    async title() {
      const title = await format("#{pane_title}");
      return title === untitled ? "" : title;
    },
    async type(text) {
      await tmux("send-keys", "-t", pane, "-l", "--", text);
    },
    async press(key) {
      await tmux("send-keys", "-t", pane, key);
    },
    async waitFor(what, timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const screen = await capture();
        if (shows(screen, what)) return screen;
        if (Date.now() > deadline) throw new Error(`the screen did not show ${what} within ${timeoutMs} ms:\n${screen}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    isRunning: async () => (await format("#{pane_dead}")) !== "1",
    async waitForEnd(timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs;
      while (await terminal.isRunning()) {
        if (Date.now() > deadline) throw new Error(`the program did not end within ${timeoutMs} ms:\n${await capture()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return capture("-S", "-");
    },
    async close() {
      open.delete(name);
      await tmux("kill-server");
    },
  };
  open.add(name);
  if (terminals === 1) process.once("exit", closeAll);
  return terminal;
}

let terminals = 0;
const open = new Set<string>();

function closeAll(): void {
  for (const name of open) execFileSync("tmux", ["-L", name, "kill-server"], { stdio: "ignore" });
}

function shows(screen: string, what: Sight): boolean {
  if (typeof what === "string") return screen.includes(what);
  return what instanceof RegExp ? what.test(screen) : what(screen);
}

function isInstalled(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
