/** Where threads work, and by what this server could be controlled: one workspace each, and nothing. */
import * as z from "zod";
import { method, struct } from "./method.ts";

const environmentId = z.string();

export const environmentMethods = {
  "environment/status": method({
    doc: "Whether an environment can be used. `local`, the thread's workspace, always can; any other is unknown.",
    scope: "connection",
    experimental: true,
    params: struct("EnvironmentStatusParams", { environmentId }),
    result: z.object({ status: z.enum(["ready", "unknown"]), error: z.string().optional() }),
  }),

  "environment/info": method({
    doc: "The shell and folder of an environment: bash on a thread's workspace, for `local`. Any other is refused.",
    scope: "connection",
    experimental: true,
    params: struct("EnvironmentInfoParams", { environmentId }),
    result: z.object({ shell: z.object({ name: z.string(), path: z.string() }), cwd: z.string().nullable() }),
  }),

  "remoteControl/status/read": method({
    doc: "Whether this server is controlled through a relay. It is not: clients reach it directly. Nor does it tell so unasked, since that never changes.",
    scope: "connection",
    experimental: true,
    params: z.unknown().optional(),
    result: z.object({
      status: z.enum(["disabled", "connecting", "connected", "errored"]),
      serverName: z.string(),
      installationId: z.string(),
      environmentId: z.string().nullable(),
    }),
  }),

  "windowsSandbox/readiness": method({
    doc: "Whether the sandbox of Windows is set up. It is not: commands run on an overlay of the workspace.",
    scope: "connection",
    params: z.unknown().optional(),
    result: z.object({ status: z.enum(["ready", "notConfigured", "updateRequired"]) }),
  }),
};
