/** Between a folder here and a thread's workspace there: files go along, approved changes come back. */
import type { Client } from "#client/client";
import { RequestError } from "#client/failures";
import type { ItemOf } from "#protocol/item";
import { blobId, type FolderFile, type Outcome, writeBack } from "./folder.ts";
import { terminalLimits } from "./limits.ts";
import { filesOfPatch } from "./patch.ts";

export interface Workspace {
  client: Client;
  threadId: string;
  /** The workspace's root on the server, such as `/workspace`. */
  cwd: string;
}

/** Writes the files, many at once; what is sent twice because the socket dropped is the same twice. */
export async function upload(workspace: Workspace, files: FolderFile[]): Promise<void> {
  const { client, threadId, cwd } = workspace;
  const directories = [...new Set(files.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/")))))].filter(Boolean);
  await pooled(
    directories,
    () => 0,
    async (directory) => {
      await client.request(
        "fs/createDirectory",
        { threadId, path: `${cwd}/${directory}`, recursive: true },
        { isIdempotent: true },
      );
    },
  );
  await pooled(
    files,
    ({ bytes }) => bytes.length,
    async ({ path, bytes }) => {
      const dataBase64 = Buffer.from(bytes).toString("base64");
      await client.request("fs/writeFile", { threadId, path: `${cwd}/${path}`, dataBase64 }, { isIdempotent: true });
    },
  );
}

export async function remove({ client, threadId, cwd }: Workspace, paths: string[]): Promise<void> {
  await pooled(
    paths,
    () => 0,
    async (path) => {
      await client.request("fs/remove", { threadId, path: `${cwd}/${path}`, force: true }, { isIdempotent: true });
    },
  );
}

/** Brings what a completed change made of the workspace into the folder, path by path. */
export async function bringBack(
  workspace: Workspace,
  root: string,
  item: ItemOf<"fileChange">,
  report: (path: string, outcome: Outcome, bytes: Uint8Array | null) => void,
): Promise<void> {
  const patched = filesOfPatch(item.proposal?.diff ?? "");
  for (const path of pathsOf(item)) {
    const relative = path.startsWith(`${workspace.cwd}/`) ? path.slice(workspace.cwd.length + 1) : path;
    const file = patched.get(relative);
    const bytes = await readFile(workspace, path);
    const outcome = await writeBack(root, {
      path: relative,
      bytes,
      isExecutable: file?.isExecutable ?? null,
      isBase: (contents) => {
        if (!file) return false;
        return contents === null ? file.before === null : file.before === blobId(contents, file.before?.length);
      },
    });
    report(relative, outcome, bytes);
  }
}

function pathsOf({ changes }: ItemOf<"fileChange">): string[] {
  const paths = changes.flatMap(({ path, kind }) => (kind.type === "update" && kind.move_path ? [path, kind.move_path] : [path]));
  return [...new Set(paths)];
}

async function readFile({ client, threadId }: Workspace, path: string): Promise<Uint8Array | null> {
  try {
    const { dataBase64 } = await client.request("fs/readFile", { threadId, path });
    return Buffer.from(dataBase64, "base64");
  } catch (error) {
    if (error instanceof RequestError && error.message.startsWith("No such file or directory")) return null;
    throw error;
  }
}

/** Works through the list with a bounded number, and a bounded size, under way; stops at the first failure. */
async function pooled<Entry>(
  entries: Entry[],
  bytesOf: (entry: Entry) => number,
  work: (entry: Entry) => Promise<void>,
): Promise<void> {
  const { uploadsInFlightMax, uploadBytesInFlightMax } = terminalLimits;
  const underWay = new Set<Promise<void>>();
  let bytesUnderWay = 0;
  for (const entry of entries) {
    const bytes = bytesOf(entry);
    while (underWay.size >= uploadsInFlightMax || (underWay.size > 0 && bytesUnderWay + bytes > uploadBytesInFlightMax)) {
      await Promise.race(underWay);
    }
    bytesUnderWay += bytes;
    const task: Promise<void> = work(entry).finally(() => {
      underWay.delete(task);
      bytesUnderWay -= bytes;
    });
    // Whoever fails first is heard below; the others must not end the process.
    task.catch(() => {});
    underWay.add(task);
  }
  await Promise.all(underWay);
}
