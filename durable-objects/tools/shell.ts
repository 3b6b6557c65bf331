/** Runs a shell command on an overlay of the workspace: it sees every file and changes none; what it would change comes back. */
import { Bash } from "just-bash/browser";
import { ShellWatch } from "#tools/shell-watch";
import type { FileChange } from "#workspace/change";
import { WorkspaceError } from "#workspace/error";
import { type BringContents, Overlay } from "#workspace/overlay";
import type { Workspace } from "#workspace/store";

export interface ShellRun {
  workspace: Workspace;
  /** Absolute; the workspace is seen here. */
  cwd: string;
  /** Absolute, at or below `cwd`: where the command starts; the workspace's root unless said. */
  startIn?: string | undefined;
  command: string;
  signal: AbortSignal;
  timeoutMs: number;
  /** UTF-8 bytes of each of `output`, `stdout` and `stderr`; what is longer loses its middle. */
  outputBytesMax: number;
  /** Unix milliseconds. */
  now: () => number;
  /** For a workspace that names contents which are not here. */
  bring?: BringContents | undefined;
  /** Its standard input; none unless said. */
  stdin?: Uint8Array | undefined;
  /** Gets the beginning of each stream piece by piece while the command runs; how far it comes is the interpreter's affair. Must not throw. */
  onOutput?: (text: string, stream: "stdout" | "stderr") => void;
}

export interface ShellResult {
  /** What a terminal would show, as far as it can be known: what was heard while it ran, then the rest of `stdout`, then of `stderr`. */
  output: string;
  stdout: string;
  stderr: string;
  /** Of each stream, what goes on from what `onOutput` was told. */
  unheard: { stdout: string; stderr: string };
  /** The command's own; 124 when it ran out of time, 130 when it was aborted. */
  exitCode: number;
  durationMs: number;
  timedOut: boolean;
  aborted: boolean;
  /** Whether one of the texts lost its middle. */
  truncated: boolean;
  /** What the command changed, by path; none when it did not come to its own end. Their contents are stored as blobs already. */
  changes: FileChange[];
  /** What the model should know besides: what could not be kept. */
  notes: string[];
}

/**
 * Runs the command to its end, its timeout or its abort. Never throws for what the command does; touches no file of the workspace. There
 * is no network, no other program than the built-in ones, and nothing of one run is there in the next but what was approved.
 */
export async function runShell(run: ShellRun): Promise<ShellResult> {
  const startedAt = run.now();
  const overlay = new Overlay(run);
  const watch = new ShellWatch({
    // What comes after this may lose its middle, and what was said cannot be unsaid.
    outputBytesMax: Math.floor(run.outputBytesMax / 2),
    readable: withoutAdvice,
    onOutput: (text, stream) => run.onOutput?.(text, stream),
  });
  const ended = await untilEnd(run, overlay, watch);
  watch.close();
  const outcome = ended.end === "exit" ? outcomeOf(overlay) : { changes: [], notes: [], problem: null };
  overlay.close();
  const stderr = outcome.problem === null ? ended.stderr : `${ended.stderr}bash: ${outcome.problem}\n`;
  const texts = [inOrder(ended.stdout, stderr, watch), ended.stdout, stderr];
  const [output = "", clippedStdout = "", clippedStderr = ""] = texts.map((text) => clipped(text, run.outputBytesMax));
  return {
    output,
    stdout: clippedStdout,
    stderr: clippedStderr,
    unheard: { stdout: beyond(watch.stdout, clippedStdout), stderr: beyond(watch.stderr, clippedStderr) },
    exitCode: outcome.problem === null ? ended.exitCode : 1,
    durationMs: run.now() - startedAt,
    timedOut: ended.end === "timeout",
    aborted: ended.end === "abort",
    truncated: output !== texts[0] || clippedStdout !== texts[1] || clippedStderr !== texts[2],
    changes: outcome.changes,
    notes: outcome.changes.length > 0 && writesRawBytes.test(run.command) ? [...outcome.notes, rawBytesNote] : outcome.notes,
  };
}

/**
 * What bounds a command beside its timeout. Counts matter more than time here: within an event the platform's clock stands still
 * while code runs, and only where the command waits can a timer interrupt it.
 */
const executionLimits = {
  /** Commands of one run. 100,000: a loop over every file of a large workspace, a few seconds of work. */
  maxCommandCount: 100_000,
  /** Rounds of one loop, the same measure. */
  maxLoopIterations: 100_000,
  maxAwkIterations: 100_000,
  maxSedIterations: 100_000,
  maxJqIterations: 100_000,
  /** Bytes of a command's text. 256 KiB: more than a model writes in one answer. */
  maxSourceBytes: 256 * 1024,
  /** Bytes of output before the run fails, also of what goes into files. 32 MiB: two of the largest files. */
  maxOutputSize: 32 * 1024 * 1024,
  /** Bytes of one value. 16 MiB, as the largest file. */
  maxStringLength: 16 * 1024 * 1024,
  maxHeredocSize: 16 * 1024 * 1024,
  /** Bytes in pipes and variables, and read from files. 64 MiB and 256 MiB: an isolate has 128 MB in all. */
  maxLiveBytes: 64 * 1024 * 1024,
  maxInputBytes: 256 * 1024 * 1024,
  /** Bytes of archives packed or unpacked. 32 MiB, as they are in memory twice. */
  maxArchiveBytes: 32 * 1024 * 1024,
  maxArchiveCompressedBytes: 32 * 1024 * 1024,
  maxArchiveEntryBytes: 16 * 1024 * 1024,
};

/** An escape for a byte above 0x7f, which just-bash's `printf` and `echo` turn into a character unless such bytes together are UTF-8. */
const writesRawBytes = /\\(x[89a-f][0-9a-f]|0?[23][0-7]{2})/i;
const rawBytesNote = "printf and echo cannot write bytes that are no UTF-8: binary content has to come through base64 -d";

/** What a command may take to notice that it was ended. */
const graceMs = 100;

const environment = {
  HOME: "/home/user",
  USER: "agent",
  LOGNAME: "agent",
  SHELL: "/bin/bash",
  PATH: "/usr/bin:/bin",
  TMPDIR: "/tmp",
  LANG: "C.UTF-8",
  TERM: "dumb",
};

/** `fault`: the interpreter gave up, at one of its bounds or by an error; a file may have been left half written. */
interface Ended {
  end: "exit" | "fault" | "timeout" | "abort";
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Waits for the command, the timeout or the abort, whichever is first; a command that does not notice its end is left behind. */
async function untilEnd(run: ShellRun, overlay: Overlay, watch: ShellWatch): Promise<Ended> {
  if (run.signal.aborted) return { end: "abort", stdout: "", stderr: endedNotes.abort(run), exitCode: 130 };
  const startedAt = run.now();
  const controller = new AbortController();
  const gracePeriod = Promise.withResolvers<null>();
  let end: Ended["end"] = "exit";
  let graceTimer: ReturnType<typeof setTimeout> | undefined;
  const stop = (why: "timeout" | "abort") => {
    if (end !== "exit") return;
    end = why;
    controller.abort();
    graceTimer = setTimeout(() => gracePeriod.resolve(null), graceMs);
  };
  const abort = () => stop("abort");
  const timer = setTimeout(() => stop("timeout"), run.timeoutMs);
  run.signal.addEventListener("abort", abort, { once: true });
  try {
    const result = await Promise.race([executed(run, overlay, watch, controller.signal), gracePeriod.promise]);
    // The interpreter's own deadline reads the same clock as the timer, and may be the first to say so.
    if (result?.exitCode === 124 && run.now() - startedAt >= run.timeoutMs) stop("timeout");
    if (end === "exit" && result !== null) return result;
    // The interpreter forgets what was said before, or does not notice its end at all.
    return {
      end,
      stdout: watch.stdout + beyond(watch.stdout, result?.stdout ?? ""),
      stderr: watch.stderr + beyond(watch.stderr, result?.stderr ?? "") + endedNotes[end](run),
      exitCode: endedExitCodes[end],
    };
  } finally {
    clearTimeout(timer);
    clearTimeout(graceTimer);
    run.signal.removeEventListener("abort", abort);
  }
}

/** What a shell answers for a command that `timeout` ended, and for one ended by an interrupt. */
const endedExitCodes: Record<Ended["end"], number> = { exit: 0, fault: 1, timeout: 124, abort: 130 };

const endedNotes: Record<Ended["end"], (run: ShellRun) => string> = {
  exit: () => "",
  fault: () => "bash: nothing was kept\n",
  timeout: ({ timeoutMs }) => `bash: ended after ${timeoutMs} ms; nothing was kept\n`,
  abort: () => "bash: interrupted; nothing was kept\n",
};

async function executed(run: ShellRun, overlay: Overlay, watch: ShellWatch, signal: AbortSignal): Promise<Ended> {
  const startsIn = run.startIn !== undefined && (await overlay.exists(run.startIn)) ? run.startIn : run.cwd;
  const bash = new Bash({
    fs: overlay,
    cwd: startsIn,
    env: environment,
    executionLimits: { ...executionLimits, maxExecutionTimeMs: run.timeoutMs },
    // It patches the globals of the whole isolate, which other threads share; and the interpreter evaluates no JavaScript.
    defenseInDepth: false,
  });
  watch.attach(bash, run.command);
  try {
    // As it is: otherwise the interpreter strips what stands at the beginning of lines.
    const { stdout, stderr, exitCode } = await bash.exec(run.command, { signal, rawScript: true, ...stdinOf(run) });
    if (exitCode === 126 && boundReached.test(stderr)) {
      return { end: "fault", stdout, stderr: withoutAdvice(stderr) + endedNotes.fault(run), exitCode };
    }
    return { end: "exit", stdout, stderr: withoutAdvice(stderr), exitCode };
  } catch (error) {
    // The interpreter turns what it expects into exit codes. What is left is a fault of the command's making, such as a full file
    // system in a command that does not look for it; it is the model's to read, not ours to fall over.
    const message = error instanceof Error ? error.message : String(error);
    const stderr = `${watch.stderr}bash: ${message}\n${endedNotes.fault(run)}`;
    return { end: "fault", stdout: watch.stdout, stderr, exitCode: endedExitCodes.fault };
  }
}

/** What was heard while it ran, and of either stream what goes on from there. */
function inOrder(stdout: string, stderr: string, watch: ShellWatch): string {
  return watch.text + beyond(watch.stdout, stdout) + beyond(watch.stderr, stderr);
}

/** Not simply what is longer: the interpreter forgets the output of a loop whose condition ends the script. */
function beyond(heard: string, said: string): string {
  if (said.startsWith(heard)) return said.slice(heard.length);
  let shared = 0;
  while (shared < said.length && said[shared] === heard[shared]) shared += 1;
  return said.slice(shared);
}

/** The interpreter holds bytes as characters up to 0xff. */
function stdinOf({ stdin }: ShellRun): { stdin?: string; stdinKind?: "bytes" } {
  return stdin === undefined ? {} : { stdin: Buffer.from(stdin).toString("latin1"), stdinKind: "bytes" };
}

/** How the interpreter says that one of its own bounds ended the run; a command that may not be run has the same exit code. */
const boundReached = /limit exceeded|too many |maximum .*exceeded/;

/** What just-bash says to those who embed it, in words for those who only type commands. */
function withoutAdvice(stderr: string): string {
  return stderr
    .replaceAll(
      /command not available in browser environments\. Exclude '[^']*' from your commands or use the Node\.js bundle\./g,
      "command not found",
    )
    .replaceAll(/, increase executionLimits\.\w+/g, "")
    .replaceAll(/^bash: .*\b(aborted|exceeded execution deadline \(\d+ms\))\n/gm, "");
}

function outcomeOf(overlay: Overlay): { changes: FileChange[]; notes: string[]; problem: string | null } {
  if (overlay.refusal !== null) return { changes: [], notes: [], problem: `nothing was kept: ${overlay.refusal}` };
  try {
    const { changes, notes } = overlay.changes();
    const unread = unreadNote(overlay);
    if (unread === null) return { changes, notes, problem: null };
    // Whoever changes files by what it read in others went by half of them.
    if (changes.length > 0) return { changes: [], notes: [], problem: `nothing was kept: ${unread}` };
    return { changes, notes: [...notes, unread], problem: null };
  } catch (error) {
    if (!(error instanceof WorkspaceError)) throw error;
    return { changes: [], notes: [], problem: `nothing was kept: ${error.message}` };
  }
}

/** Commands say of a file that cannot be read whatever comes to their mind, or nothing. */
function unreadNote({ unread }: Overlay): string | null {
  const [first] = unread;
  if (first === undefined) return null;
  const paths = [...unread.keys()].slice(0, unreadNamedMax).join(", ");
  const more = unread.size > unreadNamedMax ? ` and ${unread.size - unreadNamedMax} more` : "";
  return `${unread.size === 1 ? "1 file was" : `${unread.size} files were`} not read or searched, whatever the command says of them (${first[1]}): ${paths}${more}`;
}

/** Paths that the note names. */
const unreadNamedMax = 10;

/** The text if it is short enough, else its beginning and its end, with what is missing told between them. */
function clipped(text: string, bytesMax: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= bytesMax) return text;
  const half = Math.floor(bytesMax / 2);
  const head = wholeCharacters(bytes.subarray(0, half));
  const tail = wholeCharacters(bytes.subarray(bytes.length - half));
  return `${head}\n… ${bytes.length - 2 * half} bytes left out …\n${tail}`;
}

/** Without the halves of characters at the cut ends. */
function wholeCharacters(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/^\ufffd+|\ufffd+$/g, "");
}
