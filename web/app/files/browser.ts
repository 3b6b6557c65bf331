/** What is known of a workspace, as signals: folders that were opened, kept true while files change. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type Entry, type Folders, withAncestors } from "./tree.ts";
import type { Workspace } from "./workspace.ts";

export interface Browser {
  folders: ReadonlySignal<Folders>;
  open: ReadonlySignal<ReadonlySet<string>>;
  /** Why the tree could not be read last. */
  failure: ReadonlySignal<string | null>;
  /** Counts the changes of each file, so that who shows one reads it again. `""` counts those where all may have changed. */
  changes: ReadonlySignal<ReadonlyMap<string, number>>;
  unfold(folder: string): Promise<void>;
  fold(folder: string): void;
  /** Unfolds everything above the path. */
  reveal(path: string): Promise<void>;
  /** Reads anew what may have changed; null: everything. */
  refresh(paths: readonly string[] | null): Promise<void>;
  /** Watches from now on. Returns how to stop. */
  follow(): () => void;
}

/** Changes that come together are read together: an upload of thousands tells of each file. */
const refreshPauseMs = 100;

export function createBrowser(workspace: Workspace): Browser {
  const folders = signal<Folders>(new Map());
  const open = signal<ReadonlySet<string>>(new Set());
  const failure = signal<string | null>(null);
  const changes = signal<ReadonlyMap<string, number>>(new Map());

  const read = async (folder: string) => {
    try {
      put(folder, await workspace.list(folder));
      failure.value = null;
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };
  const put = (folder: string, entries: Entry[] | null) => {
    const next = new Map(folders.value);
    if (entries) next.set(folder, entries);
    else next.delete(folder);
    folders.value = next;
  };
  const fold = (folder: string) => {
    open.value = new Set([...open.value].filter((path) => path !== folder));
  };
  const unfold = async (folder: string) => {
    if (!folders.value.has(folder)) await read(folder);
    if (folder !== "") open.value = new Set([...open.value, folder]);
  };
  const refresh = async (paths: readonly string[] | null) => {
    const known = [...folders.value.keys()];
    // A folder that came or went, with a file deep in it, is seen in the one above it.
    const touched = paths && new Set(paths.flatMap(withAncestors));
    await Promise.all(known.filter((folder) => !touched || touched.has(folder)).map(read));
    const next = new Map(changes.value);
    for (const path of paths ?? [""]) next.set(path, (next.get(path) ?? 0) + 1);
    changes.value = next;
  };

  return {
    folders,
    open,
    failure,
    changes,
    unfold,
    fold,
    refresh,
    reveal: async (path) => {
      await unfold("");
      for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) await unfold(path.slice(0, at));
    },
    follow: () => {
      let waiting: Set<string> | null = new Set();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = workspace.watch((paths) => {
        for (const path of paths ?? []) waiting?.add(path);
        if (paths === null) waiting = null;
        timer ??= setTimeout(() => {
          const all = waiting && [...waiting];
          timer = undefined;
          waiting = new Set();
          void refresh(all);
        }, refreshPauseMs);
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
  };
}
