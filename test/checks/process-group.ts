/** A server's processes as one: a leader in a group of its own, so that one signal reaches all that it started, and that ends with us. */
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";

/** Who was asked to stop and has not by then is killed. */
const stopTimeoutMs = 10_000;

const started = new Set<ChildProcess>();
let isWatching = false;

/** A detached group does not die with us, so that a check that is stopped by Ctrl-C or fails would leave a server behind. */
export function endWithUs(leader: ChildProcess): void {
  if (!isWatching) {
    process.once("exit", () => {
      for (const each of started) signalGroup(each, "SIGKILL");
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
  }
  isWatching = true;
  started.add(leader);
}

/**
 * Returns when the leader is gone and the port is free. Not when the kernel has no more trace of the group: in some containers nobody
 * reaps. `asked: "leader"` where the leader ends its own in order; whoever is left behind is killed.
 */
export async function endGroup(
  leader: ChildProcess,
  { port, signal, asked = "group" }: { port: number; signal: NodeJS.Signals; asked?: "group" | "leader" },
): Promise<void> {
  const isOver = () => leader.exitCode !== null || leader.signalCode !== null;
  const deadline = Date.now() + stopTimeoutMs;
  if (asked === "group" || signal === "SIGKILL") signalGroup(leader, signal);
  else if (!isOver()) leader.kill(signal);
  while (!isOver()) {
    if (Date.now() > deadline) signalGroup(leader, "SIGKILL");
    await pause(5);
  }
  signalGroup(leader, "SIGKILL");
  started.delete(leader);
  while (await isListening(port)) await pause(5);
}

export function pidOf(leader: ChildProcess): number {
  if (leader.pid === undefined) throw new Error("the server could not be started");
  return leader.pid;
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

function signalGroup(leader: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pidOf(leader), signal);
  } catch (error) {
    // Nobody is left of the group.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
