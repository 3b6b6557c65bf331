/** A command of the person's own, beside every turn: no item, no frame of a log; its output goes to the socket that asked. */
import * as z from "zod";
import { empty, method, struct, text } from "./method.ts";

const size = struct("CommandExecTerminalSize", { rows: z.int().min(0), cols: z.int().min(0) });

/** Example: `{"type":"readOnly","networkAccess":false}`. Only `type` matters here: nothing reaches the network. */
const sandboxPolicy = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("dangerFullAccess") }),
  z.looseObject({ type: z.literal("readOnly") }),
  z.looseObject({ type: z.literal("externalSandbox") }),
  z.looseObject({ type: z.literal("workspaceWrite") }),
]);

export const commandExecMethods = {
  "command/exec": method({
    doc: "Runs a command in the workspace that holds `cwd` (that of the thread this connection began last, unless said), as the person at the client and without asking, like `thread/shellCommand`: it runs on an overlay, and what it changed lands, all or nothing, when it came to its own end. Nothing of it is kept after `command/exec/terminate`, a timeout, a lost socket, a crash, or with a `sandboxPolicy` or `permissionProfile` that is read-only. Answers when it has ended, after all of its `command/exec/outputDelta`. A minute (60,000 ms) is the longest a command may run, also with `disableTimeout`; 16 MiB a stream the most that is given, also with `disableOutputCap`. With `streamStdin` it starts when its input was closed. There is no terminal: `tty` is refused.",
    scope: "workspace",
    params: struct("CommandExecParams", {
      command: z.array(z.string()),
      processId: text,
      tty: z.boolean().default(false),
      streamStdin: z.boolean().default(false),
      streamStdoutStderr: z.boolean().default(false),
      outputBytesCap: z.int().min(0).nullish(),
      disableOutputCap: z.boolean().default(false),
      disableTimeout: z.boolean().default(false),
      timeoutMs: z.int().nullish(),
      cwd: text,
      env: z.record(z.string(), z.string().nullable()).nullish(),
      size: size.nullish(),
      sandboxPolicy: sandboxPolicy.nullish(),
      permissionProfile: text,
      threadId: text,
    }),
    experimentalFields: ["permissionProfile"],
    result: z.object({ exitCode: z.int(), stdout: z.string(), stderr: z.string() }),
  }),

  "command/exec/write": method({
    doc: "Gives input to a command that was begun with `streamStdin`, or closes its input, or both. At most 4 MiB in all.",
    scope: "connection",
    params: struct("CommandExecWriteParams", {
      processId: z.string(),
      deltaBase64: text,
      closeStdin: z.boolean().default(false),
    }),
    result: empty,
  }),

  "command/exec/terminate": method({
    doc: "Ends a running command. What it changed is dropped; its `command/exec` is answered with exit code 130.",
    scope: "connection",
    params: struct("CommandExecTerminateParams", { processId: z.string() }),
    result: empty,
  }),

  "command/exec/resize": method({
    doc: "Tells a terminal its size. Always refused, in the real server's words: no command has a terminal here.",
    scope: "connection",
    params: struct("CommandExecResizeParams", { processId: z.string(), size }),
    result: empty,
  }),
};
