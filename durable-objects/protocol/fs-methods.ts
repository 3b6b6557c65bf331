/** A workspace's files. Contents travel as base64. The real wire names no thread here; Spindle's own clients add `threadId`. */
import * as z from "zod";
import { absolutePath, empty, flag, method, struct, text } from "./method.ts";

/** Spindle's own: whose workspace the path is in. Without it the path alone has to say. */
const workspace = { threadId: text };

export const fsMethods = {
  "fs/readFile": method({
    doc: "Reads a file as it is: what waits for approval is not in it.",
    scope: "workspace",
    errors: ["noSuchFile"],
    params: struct("FsReadFileParams", { path: absolutePath, ...workspace }),
    result: z.object({ dataBase64: z.string() }),
  }),

  "fs/writeFile": method({
    doc: "Writes a whole file, as the person at the client and without asking; directories above it that are missing come with it.",
    scope: "workspace",
    params: struct("FsWriteFileParams", { path: absolutePath, dataBase64: z.string(), ...workspace }),
    result: empty,
    errors: ["accountLimit"],
  }),

  "fs/createDirectory": method({
    doc: "Creates a directory, and those above it unless `recursive` is false.",
    scope: "workspace",
    params: struct("FsCreateDirectoryParams", { path: absolutePath, recursive: flag, ...workspace }),
    result: empty,
  }),

  "fs/getMetadata": method({
    doc: "Says what a path is and when it was made and changed (Unix ms).",
    scope: "workspace",
    errors: ["noSuchFile"],
    params: struct("FsGetMetadataParams", { path: absolutePath, ...workspace }),
    result: z.object({
      isDirectory: z.boolean(),
      isFile: z.boolean(),
      isSymlink: z.boolean(),
      createdAtMs: z.number(),
      modifiedAtMs: z.number(),
    }),
  }),

  "fs/readDirectory": method({
    doc: "Lists a directory's entries, not those below them.",
    scope: "workspace",
    errors: ["noSuchFile"],
    params: struct("FsReadDirectoryParams", { path: absolutePath, ...workspace }),
    result: z.object({
      entries: z.array(z.object({ fileName: z.string(), isDirectory: z.boolean(), isFile: z.boolean() })),
    }),
  }),

  "fs/remove": method({
    doc: "Removes a file or a directory. `recursive` and `force` are true unless said otherwise, as on the real server.",
    scope: "workspace",
    params: struct("FsRemoveParams", { path: absolutePath, recursive: flag, force: flag, ...workspace }),
    result: empty,
  }),

  "fs/copy": method({
    doc: "Copies a file, or with `recursive` a directory.",
    scope: "workspace",
    errors: ["noSuchFile"],
    params: struct("FsCopyParams", {
      sourcePath: absolutePath,
      destinationPath: absolutePath,
      recursive: z.boolean().default(false),
      ...workspace,
    }),
    result: empty,
  }),
};
