/** A thread's workspace over the wire. Paths are relative to its root; the server has the last word on each. */
import type { Client } from "#client/client";
import { RequestError } from "#client/failures";
import type { ConnectionNotifications } from "#protocol/connection-notifications";
import { fromBase64, toBase64 } from "./base64.ts";
import { filesLimits } from "./limits.ts";
import { pooled } from "./pooled.ts";
import { type Entry, join, sorted } from "./tree.ts";
import { type ArchivedFile, zip } from "./zip.ts";

export class Workspace {
  private readonly client: Client;
  private readonly threadId: string;
  private readonly root: string;

  constructor(client: Client, threadId: string, root: string) {
    this.client = client;
    this.threadId = threadId;
    this.root = root;
  }

  /** Null when there is no such folder. */
  async list(folder: string): Promise<Entry[] | null> {
    try {
      const { entries } = await this.client.request("fs/readDirectory", this.at(folder));
      return sorted(entries.map(({ fileName, isDirectory }) => ({ name: fileName, isFolder: isDirectory })));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return fromBase64((await this.client.request("fs/readFile", this.at(path))).dataBase64);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.client.request("fs/writeFile", { ...this.at(path), dataBase64: toBase64(bytes) }, { isIdempotent: true });
  }

  async makeFolder(path: string): Promise<void> {
    await this.client.request("fs/createDirectory", this.at(path), { isIdempotent: true });
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.client.request("fs/getMetadata", this.at(path));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** Copied before it is removed: what is interrupted is there twice, and nothing is lost. */
  async rename(from: string, to: string): Promise<void> {
    const paths = { sourcePath: this.absolute(from), destinationPath: this.absolute(to) };
    await this.client.request("fs/copy", { threadId: this.threadId, ...paths, recursive: true });
    await this.remove(from);
  }

  async remove(path: string): Promise<void> {
    await this.client.request("fs/remove", this.at(path), { isIdempotent: true });
  }

  async search(query: string): Promise<{ path: string; isFolder: boolean }[]> {
    const params = { threadId: this.threadId, query, roots: [this.root] };
    const { files } = await this.client.request("fuzzyFileSearch", params, { isIdempotent: true });
    return files.map(({ path, match_type }) => ({ path, isFolder: match_type === "directory" }));
  }

  /** Everything below the folder but `.git`, as an archive. */
  async archive(folder: string, onProgress: (files: number) => void): Promise<Blob> {
    const files: ArchivedFile[] = [];
    let bytes = 0;
    const walk = async (at: string, inside: string): Promise<void> => {
      const entries = ((await this.list(at)) ?? []).filter(({ name }) => name !== ".git");
      if (entries.length === 0 && inside !== "") files.push({ path: `${inside}/`, bytes: new Uint8Array() });
      await pooled(
        entries.filter(({ isFolder }) => !isFolder),
        async ({ name }) => {
          const content = await this.read(join(at, name));
          bytes += content.length;
          if (bytes > filesLimits.archiveBytesMax || files.length >= filesLimits.archiveFilesMax) throw new Error(tooMuch);
          files.push({ path: join(inside, name), bytes: content });
          onProgress(files.length);
        },
      );
      for (const { name } of entries.filter(({ isFolder }) => isFolder)) await walk(join(at, name), join(inside, name));
    };
    await walk(folder, "");
    files.sort((one, other) => (one.path < other.path ? -1 : 1));
    return zip(files, new Date());
  }

  /** Tells the paths that changed, also anew behind every lost socket, where it tells that all may have. Returns how to stop. */
  watch(onChange: (paths: string[] | null) => void): () => void {
    const watchId = crypto.randomUUID();
    const begin = () => {
      // The connection's own state says what is wrong; the next one begins anew.
      this.client.request("fs/watch", { ...this.at(""), watchId }).catch(() => {});
    };
    begin();
    const stopHearing = this.client.onMessage((frame: { method: string; params: unknown }) => {
      if (frame.method !== "fs/changed") return;
      const changed = frame.params as ConnectionNotifications["fs/changed"];
      if (changed.watchId === watchId) onChange(changed.changedPaths.map((path) => this.relative(path)));
    });
    const stopWaiting = this.client.onStateChange(({ type }) => {
      if (type !== "online") return;
      begin();
      onChange(null);
    });
    return () => {
      stopHearing();
      stopWaiting();
      this.client.request("fs/unwatch", { watchId }).catch(() => {});
    };
  }

  private at(path: string): { threadId: string; path: string } {
    return { threadId: this.threadId, path: this.absolute(path) };
  }

  private absolute(path: string): string {
    return path === "" ? this.root : `${this.root}/${path}`;
  }

  private relative(path: string): string {
    return path === this.root ? "" : path.slice(this.root.length + 1);
  }
}

const tooMuch = `this is too much for one archive: at most ${filesLimits.archiveFilesMax} files and ${filesLimits.archiveBytesMax / 1024 / 1024} MiB; download its folders`;

function isMissing(error: unknown): boolean {
  return error instanceof RequestError && /^No such file or directory|^Not a directory/.test(error.message);
}
