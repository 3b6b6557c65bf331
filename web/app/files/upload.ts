/** Files of this device on their way into a workspace: what of them goes along, and each whole or not at all. */
import { sizeText } from "./file-content.ts";
import { filesLimits } from "./limits.ts";
import { pooled } from "./pooled.ts";
import { problemOfPath } from "./tree.ts";

/** A `File`, or what a test has of one. */
export interface LocalFile {
  /** Relative to what was chosen, its own name with it. */
  path: string;
  size: number;
  read(): Promise<Uint8Array>;
}

export interface Selection {
  files: LocalFile[];
  /** What stays here, with the reason. */
  leftOut: { path: string; reason: string }[];
}

/** Never taken, at any depth: what git and package managers make anew. */
const skipped = new Set([".git", "node_modules"]);

export function selectionOf(files: readonly LocalFile[]): Selection {
  const selection: Selection = { files: [], leftOut: [] };
  const folders = new Map<string, number>();
  let bytes = 0;
  for (const file of files) {
    const segments = file.path.split("/");
    const at = segments.findIndex((segment) => skipped.has(segment));
    if (at >= 0) {
      const folder = segments.slice(0, at + 1).join("/");
      folders.set(folder, (folders.get(folder) ?? 0) + 1);
      continue;
    }
    const reason = reasonToLeave(file, selection.files.length, bytes);
    if (reason) selection.leftOut.push({ path: file.path, reason });
    else {
      bytes += file.size;
      selection.files.push(file);
    }
  }
  for (const [path, count] of folders) {
    selection.leftOut.push({ path, reason: `${count === 1 ? "1 file" : `${count} files`} that git or npm makes anew` });
  }
  return selection;
}

function reasonToLeave({ path, size }: LocalFile, count: number, bytes: number): string | null {
  const { uploadFileBytesMax, uploadFilesMax, uploadBytesMax } = filesLimits;
  const problem = problemOfPath(path);
  if (problem) return problem;
  if (size > uploadFileBytesMax) return `larger than ${sizeText(uploadFileBytesMax)}`;
  if (count >= uploadFilesMax) return `more than ${uploadFilesMax} files`;
  return bytes + size > uploadBytesMax ? `more than ${sizeText(uploadBytesMax)} in all` : null;
}

/**
 * Writes file by file; each is whole when it is there, and writing it again is the same again. Those that could not be read or written come
 * back, so that a retry sends these and no others.
 */
export async function upload(
  files: readonly LocalFile[],
  write: (path: string, bytes: Uint8Array) => Promise<void>,
  onProgress: (done: number) => void,
): Promise<{ file: LocalFile; reason: string }[]> {
  const failed: { file: LocalFile; reason: string }[] = [];
  let done = 0;
  await pooled(files, async (file) => {
    try {
      await write(file.path, await file.read());
    } catch (error) {
      failed.push({ file, reason: error instanceof Error ? error.message : String(error) });
    }
    done += 1;
    onProgress(done);
  });
  return failed;
}
