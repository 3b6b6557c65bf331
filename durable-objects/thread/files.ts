/** `fs/*`: the person's own hands on the workspace. What waits for approval is not in it. */
import { Refusal, refusals } from "#protocol/errors";
import { fsMethods } from "#protocol/fs-methods";
import type { Params, Request, Result } from "#protocol/methods";
import { requireThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";
import { WorkspaceError } from "#workspace/error";
import { relativePath } from "#workspace/path";

export type FileRequest = Extract<Request, { method: keyof typeof fsMethods }>;

export function isFileRequest(request: Request): request is FileRequest {
  return Object.hasOwn(fsMethods, request.method);
}

export async function answerFile(runtime: ThreadRuntime, request: FileRequest): Promise<unknown> {
  return refusingPaths(async () => {
    if (request.method === "fs/readFile") await bring(runtime, request.params.path);
    if (request.method === "fs/writeFile") await admitContent(runtime, request.params);
    return runtime.changeFiles(() => perform(runtime, request));
  });
}

/** An ephemeral thread keeps nothing for long. */
async function admitContent(runtime: ThreadRuntime, { dataBase64 }: Params<"fs/writeFile">): Promise<void> {
  if (runtime.current.info.ephemeral) return;
  await runtime.accountLimits.admitGrowth(Math.ceil((dataBase64.length * 3) / 4));
  requireThread(runtime, "fs/writeFile");
}

/** A content that the repository has comes before it is read. */
async function bring(runtime: ThreadRuntime, path: string): Promise<void> {
  const version = runtime.workspace.readable(relativePath(runtime.current.info.cwd, path));
  if (version !== null) await runtime.contents.bring([version]);
  requireThread(runtime, "fs/readFile");
}

/** The workspace's own refusals become those of the real server. */
export async function refusingPaths<Answer>(attempt: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof WorkspaceError)) throw error;
    throw new Refusal(error.code === "outside" ? refusals.invalidRequest(error.message) : refusals.internal(error.message));
  }
}

function perform(runtime: ThreadRuntime, request: FileRequest): Result<FileRequest["method"]> {
  const { workspace } = runtime;
  const place = (path: string) => relativePath(runtime.current.info.cwd, path);
  switch (request.method) {
    case "fs/readFile":
      return { dataBase64: Buffer.from(workspace.read(place(request.params.path))).toString("base64") };
    case "fs/writeFile":
      workspace.write(place(request.params.path), bytesOf(request.params));
      return {};
    case "fs/createDirectory":
      workspace.createDirectory(place(request.params.path), { recursive: request.params.recursive ?? true });
      return {};
    case "fs/getMetadata": {
      const entry = workspace.entry(place(request.params.path));
      if (!entry) throw new WorkspaceError("notFound");
      return {
        isDirectory: entry.type === "directory",
        isFile: entry.type === "file",
        isSymlink: entry.type === "symlink",
        createdAtMs: entry.createdAtMs,
        modifiedAtMs: entry.modifiedAtMs,
      };
    }
    case "fs/readDirectory":
      return {
        entries: workspace
          .list(place(request.params.path))
          .map(({ name, type }) => ({ fileName: name, isDirectory: type === "directory", isFile: type === "file" })),
      };
    case "fs/remove": {
      const { path, recursive, force } = request.params;
      workspace.remove(place(path), { recursive: recursive ?? true, force: force ?? true });
      return {};
    }
    case "fs/copy": {
      const { sourcePath, destinationPath, recursive } = request.params;
      workspace.copy(place(sourcePath), place(destinationPath), { recursive });
      return {};
    }
    default:
      return request satisfies never;
  }
}

/** `Buffer` skips what is not base64 without a word; a file must not become something else that way. */
function bytesOf({ dataBase64 }: Params<"fs/writeFile">): Uint8Array {
  if (dataBase64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(dataBase64)) {
    throw new Refusal(refusals.invalidRequest("fs/writeFile requires valid base64 dataBase64"));
  }
  return new Uint8Array(Buffer.from(dataBase64, "base64"));
}
