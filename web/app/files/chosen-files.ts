/** Files that a person chose or dropped, as the browser gives them. */
import { filesLimits } from "./limits.ts";
import type { LocalFile } from "./upload.ts";

export function chosenFiles(list: FileList): LocalFile[] {
  return [...list].map((file) => localFile(file, file.webkitRelativePath || file.name));
}

/** Called while the event lasts: the browser takes the items away behind it. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<LocalFile[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return chosenFiles(files);
  const found: LocalFile[] = [];
  for (const entry of entries) await walk(entry, entry.name, found);
  return found;
}

async function walk(entry: FileSystemEntry, path: string, found: LocalFile[]): Promise<void> {
  // One above the bound is enough to say that it was crossed; what is skipped anyway is not walked through.
  if (found.length > filesLimits.uploadFilesMax) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push(localFile(file, path));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const inside of batch) await walk(inside, `${path}/${inside.name}`, found);
    if (entry.name === "node_modules" || entry.name === ".git") return;
  }
}

function localFile(file: File, path: string): LocalFile {
  return { path, size: file.size, read: async () => new Uint8Array(await file.arrayBuffer()) };
}
