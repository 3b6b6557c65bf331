/**
 * `command/exec`: a command that the person at the client runs in the workspace, beside every turn. It is in no log: its output goes to
 * the connection that asked, and what runs is known to this object's memory only, so that a crash leaves nothing of it behind.
 */
import { limits } from "#core/limits";
import { commandExecMethods } from "#protocol/command-exec-methods";
import { notice } from "#protocol/connection-notifications";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";
import { ExecOutput } from "#thread/exec-output";
import { requireThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";
import type { ShellResult } from "#tools/shell";
import { StaleError, WorkspaceError } from "#workspace/error";
import { absolutePath, relativePath } from "#workspace/path";

export type CommandExecRequest = Extract<Request, { method: keyof typeof commandExecMethods }>;

export function isCommandExecRequest(request: Request): request is CommandExecRequest {
  return Object.hasOwn(commandExecMethods, request.method);
}

/** A command that was begun and has not ended. */
interface Execution {
  connection: string;
  /** The client's own name for it, if it has one. The connection sees to it that none is used twice at a time. */
  processId: string | null;
  abort: AbortController;
  /** Null where the command takes none, or no more. */
  input: { chunks: Uint8Array[]; bytes: number; closed: PromiseWithResolvers<void> } | null;
  takesInput: boolean;
}

export class CommandExecutions {
  private readonly runtime: ThreadRuntime;
  private readonly running = new Set<Execution>();

  constructor(runtime: ThreadRuntime) {
    this.runtime = runtime;
  }

  /** How many run. */
  get count(): number {
    return this.running.size;
  }

  async answer(request: CommandExecRequest, connection: string): Promise<Result<CommandExecRequest["method"]>> {
    switch (request.method) {
      case "command/exec":
        return this.run(request.params, connection);
      case "command/exec/write":
        return this.write(request.params, connection);
      case "command/exec/terminate":
        this.find(request.params.processId, connection).abort.abort();
        return {};
      case "command/exec/resize":
        this.find(request.params.processId, connection);
        throw new Refusal(refusals.invalidRequestText("failed to resize PTY: process is not attached to a PTY"));
      default:
        return request satisfies never;
    }
  }

  /** The connection is gone, and with it whoever wanted to see what its commands do. */
  end(connection: string): void {
    for (const execution of this.running) if (execution.connection === connection) execution.abort.abort();
  }

  private async run(params: Params<"command/exec">, connection: string): Promise<Result<"command/exec">> {
    requireConsistent(params);
    if (this.running.size >= limits.commandExecutionsMax) throw new Refusal(refusals.commandsRun(limits.commandExecutionsMax));
    const startIn = this.startIn(params.cwd ?? null);
    const input = params.streamStdin ? { chunks: [], bytes: 0, closed: Promise.withResolvers<void>() } : null;
    const execution: Execution = {
      connection,
      processId: params.processId ?? null,
      abort: new AbortController(),
      input,
      takesInput: params.streamStdin,
    };
    this.running.add(execution);
    try {
      return await this.execute(execution, params, startIn);
    } finally {
      this.running.delete(execution);
    }
  }

  private async execute(execution: Execution, params: Params<"command/exec">, startIn: string): Promise<Result<"command/exec">> {
    const { host, workspace, current } = this.runtime;
    const { signal } = execution.abort;
    const bytesMax = outputBytesMax(params);
    const output = this.output(execution, params, bytesMax);
    const deadlineMs = host.now() + Math.min(params.timeoutMs ?? limits.commandTimeoutMs, limits.commandTimeoutMs);
    const stdin = await this.wholeInput(execution, deadlineMs);
    // Somebody may have deleted the thread while the command waited for its input.
    requireThread(this.runtime, "command/exec");
    const run = await host.shell({
      workspace,
      cwd: current.info.cwd,
      startIn,
      command: scriptOf(params),
      stdin,
      signal,
      now: host.now,
      bring: (versions) => this.runtime.contents.bring(versions),
      timeoutMs: Math.max(0, deadlineMs - host.now()),
      // Text that is too long loses its middle there; of twice the bound, the first half is the beginning whatever comes.
      outputBytesMax: 2 * bytesMax,
      ...(output ? { onOutput: (text: string, stream: "stdout" | "stderr") => output.add(text, stream) } : {}),
    });
    requireThread(this.runtime, "command/exec");
    const problem = signal.aborted ? null : this.land(run, params);
    const notes = [...run.notes, ...(problem === null ? [] : [problem])].map((note) => `${note}\n`).join("");
    const exitCode = problem === null ? run.exitCode : 1;
    if (!output) return { exitCode, stdout: head(run.stdout, bytesMax), stderr: head(run.stderr + notes, bytesMax) };
    output.add(run.unheard.stdout, "stdout");
    output.add(run.unheard.stderr + notes, "stderr");
    // The answer comes after the last of the output, as on the real server.
    await output.sent;
    return { exitCode, stdout: "", stderr: "" };
  }

  /** Null where the answer holds the output. */
  private output(execution: Execution, { streamStdoutStderr }: Params<"command/exec">, bytesMax: number): ExecOutput | null {
    const { connection, processId, abort } = execution;
    if (!streamStdoutStderr || processId === null) return null;
    const { host } = this.runtime;
    return new ExecOutput(bytesMax, async ({ stream, bytes, capReached }) => {
      const deltaBase64 = Buffer.from(bytes).toString("base64");
      const params = { processId, stream, deltaBase64, capReached };
      const told = notice("command/exec/outputDelta", params, host.now());
      // A connection that cannot be reached is gone for its command too: there is no log from which it could get the output later.
      const isThere = await host.tell(connection, told).catch(() => false);
      if (!isThere) abort.abort();
    });
  }

  /** The shell takes its input as a whole: a command whose input is streamed begins when that was closed. */
  private async wholeInput({ input, abort }: Execution, deadlineMs: number): Promise<Uint8Array | undefined> {
    if (!input) return undefined;
    const waited = new AbortController();
    const aborted = new Promise<void>((resolve) => abort.signal.addEventListener("abort", () => resolve(), { once: true }));
    const tooLate = this.runtime.host.sleep(Math.max(0, deadlineMs - this.runtime.host.now()), waited.signal);
    await Promise.race([input.closed.promise, aborted, tooLate]);
    waited.abort();
    return Buffer.concat(input.chunks);
  }

  private write(
    { processId, deltaBase64, closeStdin }: Params<"command/exec/write">,
    connection: string,
  ): Result<"command/exec/write"> {
    if (deltaBase64 == null && !closeStdin) {
      throw new Refusal(refusals.invalidParams("command/exec/write requires deltaBase64 or closeStdin"));
    }
    const bytes = bytesOf(deltaBase64 ?? "");
    const execution = this.find(processId, connection);
    if (!execution.takesInput) {
      throw new Refusal(refusals.invalidRequestText("stdin streaming is not enabled for this command/exec"));
    }
    const { input } = execution;
    if (!input) {
      if (bytes.length > 0) throw new Refusal(refusals.invalidRequestText("stdin is already closed"));
      return {};
    }
    if (input.bytes + bytes.length > limits.commandInputBytesMax) {
      throw new Refusal(refusals.invalidParams(`a command takes at most ${limits.commandInputBytesMax} bytes of input`));
    }
    input.chunks.push(bytes);
    input.bytes += bytes.length;
    if (closeStdin) {
      execution.input = null;
      input.closed.resolve();
    }
    return {};
  }

  /** What keeps the changes out, if something does. It is the person's own act: nobody else is asked. */
  private land({ changes }: ShellResult, params: Params<"command/exec">): string | null {
    if (changes.length === 0) return null;
    if (isReadOnly(params)) return "Nothing that this command changed was kept: it ran read-only";
    const { workspace } = this.runtime;
    try {
      this.runtime.changeFiles(() => workspace.land(changes));
      return null;
    } catch (error) {
      // Somebody wrote to the same file while the command ran, or no room is left.
      if (!(error instanceof StaleError || error instanceof WorkspaceError)) throw error;
      return `Nothing that this command changed was kept: ${error.message}`;
    }
  }

  private startIn(cwd: string | null): string {
    const { workspace, current } = this.runtime;
    const root = current.info.cwd;
    const place = relativePath(root, cwd === null || cwd.startsWith("/") ? (cwd ?? root) : `${root}/${cwd}`);
    if (place !== "" && workspace.entry(place)?.type !== "directory") {
      throw new Refusal(refusals.internal("failed to spawn command: No such file or directory (os error 2)"));
    }
    return absolutePath(root, place);
  }

  private find(processId: string, connection: string): Execution {
    const execution = [...this.running].find((one) => one.connection === connection && one.processId === processId);
    if (!execution) throw new Refusal(refusals.noActiveCommand(processId));
    return execution;
  }
}

/** In the real server's words and order. */
function requireConsistent(params: Params<"command/exec">): void {
  const { command, processId, tty, size, timeoutMs } = params;
  if (command.length === 0) throw new Refusal(refusals.commandEmpty());
  if (command.reduce((characters, argument) => characters + argument.length, 0) > limits.inputCharactersMax) {
    throw new Refusal(refusals.invalidParams(`a command holds at most ${limits.inputCharactersMax} characters`));
  }
  if (params.sandboxPolicy && params.permissionProfile) {
    throw new Refusal(refusals.invalidRequestText("`permissionProfile` cannot be combined with `sandboxPolicy`"));
  }
  const profile = params.permissionProfile;
  if (profile && !permissionProfiles.includes(profile)) {
    throw new Refusal(refusals.invalidRequestText(`invalid permission profile: ${profile}`));
  }
  if (size && !tty) throw new Refusal(refusals.invalidParams("command/exec size requires tty: true"));
  if (params.disableOutputCap && params.outputBytesCap != null) {
    throw new Refusal(refusals.invalidParams("command/exec cannot set both outputBytesCap and disableOutputCap"));
  }
  if (params.disableTimeout && timeoutMs != null) {
    throw new Refusal(refusals.invalidParams("command/exec cannot set both timeoutMs and disableTimeout"));
  }
  if (timeoutMs != null && timeoutMs < 0) {
    throw new Refusal(refusals.invalidParams(`command/exec timeoutMs must be non-negative, got ${timeoutMs}`));
  }
  if (processId == null && (tty || params.streamStdin || params.streamStdoutStderr)) {
    throw new Refusal(refusals.invalidRequestText("command/exec tty or streaming requires a client-supplied processId"));
  }
  if (tty) throw new Refusal(refusals.notSupported("command/exec with tty (the workspace's shell has no terminal)"));
  const badName = Object.keys(params.env ?? {}).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (badName !== undefined) {
    throw new Refusal(refusals.invalidParams(`not a name of the shell's environment: ${JSON.stringify(badName)}`));
  }
}

const permissionProfiles: readonly string[] = [":read-only", ":workspace", ":danger-full-access"];

function isReadOnly({ sandboxPolicy, permissionProfile }: Params<"command/exec">): boolean {
  return sandboxPolicy?.type === "readOnly" || permissionProfile === ":read-only";
}

function outputBytesMax({ outputBytesCap, disableOutputCap }: Params<"command/exec">): number {
  if (disableOutputCap) return limits.commandStreamBytesMax;
  return Math.min(outputBytesCap ?? limits.commandStreamBytesDefault, limits.commandStreamBytesMax);
}

/**
 * The words as a script of the workspace's shell: each quoted, so that nothing in them is read a second time. Clients run scripts with
 * `bash -lc`; there are no login files here, and the interpreter's own `bash` knows `-c` only.
 */
function scriptOf({ command, env }: Params<"command/exec">): string {
  const [program = "", option = "", ...rest] = command;
  const isScript = /^(\/(usr\/)?bin\/)?(ba)?sh$/.test(program) && /^-[a-z]*c$/.test(option) && /^-[cil]+$/.test(option);
  const words = isScript ? [program, "-c", ...rest] : command;
  const settings = Object.entries(env ?? {}).map(([name, value]) =>
    value === null ? `unset ${name}\n` : `export ${name}=${quoted(value)}\n`,
  );
  return settings.join("") + words.map(quoted).join(" ");
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `Buffer` skips what is not base64 without a word. */
function bytesOf(base64: string): Uint8Array {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new Refusal(refusals.invalidParams("invalid deltaBase64: not base64"));
  }
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** The first bytes of a text, without the half of a character at the end. */
function head(text: string, bytesMax: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= bytesMax) return text;
  return new TextDecoder().decode(bytes.subarray(0, bytesMax)).replace(/\ufffd$/, "");
}
