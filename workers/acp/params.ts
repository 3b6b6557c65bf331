/** What a client of ACP v1 may ask, read once at the border. Unknown members are ignored, as the specification wants it. */
import * as z from "zod";

/** Ours stands below `_meta`, in a member of our name. */
function meta<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.looseObject({ spindle: z.looseObject(shape).nullish() }).nullish();
}

/** The last frame that the client has. */
const continued = meta({ afterSeq: z.int().min(0).nullish() });
/** An id of the client's making, so that a retry begins no second session. */
const chosen = meta({ sessionId: z.uuid().nullish() });
/** The prompt's key, so that it is said once; and whether it was sent before, on a socket that is gone. */
const keyed = meta({ clientUserMessageId: z.string().min(1).max(256).nullish(), isRepeated: z.boolean().nullish() });

const sessionId = z.string();
const cwd = z.string().refine((path) => /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(path), { error: "must be an absolute path" });
/** Looked at only to say that they are not used. */
const mcpServers = z.array(z.unknown()).nullish();
const additionalDirectories = z.array(z.string()).max(0, { error: "are not supported: a session has one workspace" }).nullish();

const text = z.object({ type: z.literal("text"), text: z.string() });
const image = z.object({ type: z.literal("image"), data: z.base64(), mimeType: z.string().regex(/^image\/[\w.+-]{1,64}$/) });
const resourceLink = z.object({ type: z.literal("resource_link"), name: z.string(), uri: z.string() });
const resource = z.object({
  type: z.literal("resource"),
  resource: z.union([
    z.object({ uri: z.string(), text: z.string() }),
    z.object({ uri: z.string(), blob: z.string(), mimeType: z.string().nullish() }),
  ]),
});
/** Not `audio`: `promptCapabilities` says so. */
const contentBlock = z.discriminatedUnion("type", [text, image, resourceLink, resource]);
export type PromptBlock = z.infer<typeof contentBlock>;

const inSession = z.object({ sessionId });

export const params = {
  initialize: z.object({
    protocolVersion: z.int().min(0).max(65_535),
    clientCapabilities: z
      .looseObject({
        session: z.looseObject({ notices: z.unknown(), compaction: z.unknown() }).partial().nullish(),
      })
      .nullish(),
    clientInfo: z.looseObject({ name: z.string() }).nullish(),
  }),
  authenticate: z.object({ methodId: z.string() }),
  "session/new": z.object({ cwd, mcpServers, additionalDirectories, _meta: chosen }),
  "session/load": z.object({ sessionId, cwd, mcpServers, additionalDirectories, _meta: continued }),
  "session/resume": z.object({ sessionId, cwd, mcpServers, additionalDirectories, _meta: continued }),
  "session/list": z.object({ cwd: cwd.nullish(), cursor: z.string().max(4_096).nullish() }),
  "session/close": inSession,
  "session/delete": inSession,
  "session/set_mode": z.object({ sessionId, modeId: z.string() }),
  "session/set_config_option": z.object({ sessionId, configId: z.string(), value: z.union([z.string(), z.boolean()]) }),
  "session/prompt": z.object({ sessionId, prompt: z.array(contentBlock).min(1), _meta: keyed }),
};
export type RequestMethod = keyof typeof params;
export type ParamsOf<Method extends RequestMethod> = z.infer<(typeof params)[Method]>;

export const cancelParams = inSession;
export const cancelRequestParams = z.object({ requestId: z.union([z.string(), z.number()]) });
export const readParams = z.object({ characters: z.int().min(1) });
export const permissionOutcome = z.object({
  outcome: z.discriminatedUnion("outcome", [
    z.object({ outcome: z.literal("cancelled") }),
    z.object({ outcome: z.literal("selected"), optionId: z.string() }),
  ]),
});

/** One sentence for whoever wrote the client: where it is wrong, and why. */
export function problemOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  return `${path === "" ? "params" : path}: ${issue?.message ?? "invalid"}`.slice(0, 500);
}
