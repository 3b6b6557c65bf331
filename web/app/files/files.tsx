/** The workspace of a thread: its tree, the file that is open, and what a person does with both. */

import { Visible } from "../diff/visible.tsx";
import { spelled } from "../diff/visible-text.ts";
import "./files.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { isOffline } from "../installed/offline.ts";
import { go, place } from "../place.ts";
import { useStore } from "../store/store.ts";
import { createBrowser } from "./browser.ts";
import { chosenFiles, droppedFiles } from "./chosen-files.ts";
import { download } from "./download.ts";
import { FileView } from "./file-view.tsx";
import { PathForm } from "./path-form.tsx";
import { SearchView } from "./search-view.tsx";
import { join, nameOf, parentOf, type Row } from "./tree.ts";
import { TreeView } from "./tree-view.tsx";
import { type LocalFile, selectionOf, upload } from "./upload.ts";
import { UploadNotice, type UploadState } from "./upload-state.tsx";
import { Workspace } from "./workspace.ts";

export function Files({ thread }: { thread: ThreadHandle }) {
  const cwd = thread.state?.info.cwd;
  if (cwd === undefined) return <p class="notice">The workspace begins with the thread's first message.</p>;
  return <WorkspaceView threadId={thread.id} root={cwd} />;
}

type Asked = "newFile" | "newFolder" | "renameFolder" | null;

function WorkspaceView({ threadId, root }: { threadId: string; root: string }) {
  const { client } = useStore();
  const workspace = useMemo(() => new Workspace(client, threadId, root), [client, threadId, root]);
  const browser = useMemo(() => createBrowser(workspace), [workspace]);
  const file = place.value.view === "thread" ? place.value.item : null;
  const [folder, setFolder] = useState(file === null ? "" : parentOf(file));
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState<Asked>(null);
  const [uploading, setUploading] = useState<UploadState | null>(null);
  const [notice, setNotice] = useState<{ text: string; hasFailed: boolean } | null>(null);
  const [isDropping, setDropping] = useState(false);

  useEffect(() => browser.follow(), [browser]);
  useEffect(() => void browser.reveal(file ?? ""), [browser, file]);

  const open = (path: string | null) => go({ view: "thread", threadId, tab: "files", item: path });
  const select = ({ path, isFolder }: Pick<Row, "path" | "isFolder">) => {
    setFolder(isFolder ? path : parentOf(path));
    if (!isFolder) open(path);
  };
  const attempt = async (work: () => Promise<string | null>) => {
    setNotice(null);
    try {
      const text = await work();
      setNotice(text === null ? null : { text, hasFailed: false });
    } catch (error) {
      setNotice({ text: error instanceof Error ? error.message : String(error), hasFailed: true });
    }
  };
  const send = async (files: LocalFile[]) => {
    const selection = selectionOf(files);
    const there = new Set((await workspace.list(folder))?.map(({ name }) => name));
    const replaced = [...new Set(selection.files.map(({ path }) => path.split("/")[0] ?? ""))].filter((name) => there.has(name));
    if (replaced.length > 0 && !confirm(`Already there: ${spelled(named(replaced))}. Files of the same path are replaced.`))
      return;
    await sendAll(selection.files, selection.leftOut);
  };
  const sendAll = async (files: LocalFile[], leftOut: { path: string; reason: string }[]) => {
    setUploading({ type: "running", done: 0, of: files.length });
    const failed = await upload(
      files,
      (path, bytes) => workspace.write(join(folder, path), bytes),
      (done) => setUploading({ type: "running", done, of: files.length }),
    );
    // Told by the watch too, but not while the network is away.
    await browser.refresh(files.map(({ path }) => join(folder, path)));
    setUploading({ type: "ended", sent: files.length - failed.length, leftOut, failed });
  };
  const make = async (path: string) => {
    const whole = join(folder, path);
    if (await workspace.exists(whole)) throw new Error("This path is taken already.");
    if (asked === "newFolder") {
      await workspace.makeFolder(whole);
      await browser.reveal(`${whole}/`);
      setFolder(whole);
    } else {
      await workspace.write(whole, new Uint8Array());
      select({ path: whole, isFolder: false });
    }
    await browser.refresh([whole]);
  };
  const rename = async (from: string, to: string) => {
    if (to === from) return;
    if (to.startsWith(`${from}/`)) throw new Error("A folder cannot go into itself.");
    if (await workspace.exists(to)) throw new Error("This path is taken already.");
    await workspace.rename(from, to);
    await browser.refresh([from, to]);
    if (from === file) open(to);
    if (from === folder) setFolder(to);
  };
  const remove = async (path: string, isFolder: boolean) => {
    if (!confirm(`Delete ${spelled(path)}${isFolder ? " and everything in it" : ""}?`)) return null;
    await workspace.remove(path);
    await browser.refresh([path]);
    if (file !== null && (file === path || file.startsWith(`${path}/`))) open(null);
    setFolder(parentOf(path));
    return `${spelled(path)} is deleted.`;
  };
  const archive = async () => {
    const blob = await workspace.archive(folder, (count) => setNotice({ text: `Reading ${count} files …`, hasFailed: false }));
    download(blob, `${nameOf(folder) || "workspace"}.zip`);
    return "The archive is made.";
  };
  const version = (browser.changes.value.get(file ?? "") ?? 0) + (browser.changes.value.get("") ?? 0);
  const isEmpty = browser.folders.value.get("")?.length === 0;

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: where files may be dropped; the buttons do the same for the keyboard
    <div
      class={`workspace ${file === null ? "" : "with-file"} ${isDropping ? "dropping" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        if (event.dataTransfer)
          void droppedFiles(event.dataTransfer).then((files) => attempt(() => send(files).then(() => null)));
      }}
    >
      <section class="tree-pane" aria-label="Workspace">
        <input
          type="search"
          aria-label="Search files by name"
          placeholder="Search by name"
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        <p class="folder-line">
          <span>
            In <strong>{folder === "" ? "the workspace" : <Visible text={`${folder}/`} />}</strong>
          </span>
          {folder !== "" && (
            <span class="choices">
              <button type="button" class="bare" onClick={() => setFolder("")}>
                All
              </button>
              <button type="button" class="bare" onClick={() => setAsked("renameFolder")}>
                Rename
              </button>
              <button type="button" class="bare" onClick={() => void attempt(() => remove(folder, true))}>
                Delete
              </button>
            </span>
          )}
        </p>
        <div class="choices tools">
          <button type="button" class="bare" onClick={() => setAsked("newFile")}>
            New file
          </button>
          <button type="button" class="bare" onClick={() => setAsked("newFolder")}>
            New folder
          </button>
          <UploadButton
            label="Upload files"
            isFolder={false}
            choose={(files) => void attempt(() => send(files).then(() => null))}
          />
          <UploadButton label="Upload folder" isFolder choose={(files) => void attempt(() => send(files).then(() => null))} />
          <button type="button" class="bare" onClick={() => void attempt(archive)}>
            Download zip
          </button>
        </div>
        {asked === "renameFolder" ? (
          <PathForm
            label="New path of the folder"
            action="Rename"
            initial={folder}
            submit={(to) => rename(folder, to)}
            close={() => setAsked(null)}
          />
        ) : (
          asked && (
            <PathForm
              key={asked}
              label={asked === "newFile" ? "Name of the new file" : "Name of the new folder"}
              action="Create"
              initial=""
              submit={make}
              close={() => setAsked(null)}
            />
          )
        )}
        {uploading && (
          <UploadNotice
            state={uploading}
            retry={(files) => void attempt(() => sendAll(files, []).then(() => null))}
            dismiss={() => setUploading(null)}
          />
        )}
        {notice && (
          <p class={`notice ${notice.hasFailed ? "failed" : ""}`} role={notice.hasFailed ? "alert" : "status"}>
            {notice.text}
          </p>
        )}
        {browser.failure.value && <p class="notice failed">The files cannot be read: {browser.failure.value}</p>}
        {isOffline.value && browser.folders.value.size === 0 && (
          <p class="notice">The files are not kept on this device. They come when the server is reached.</p>
        )}
        <div class="tree-scroll">
          {query.trim() !== "" ? (
            <SearchView
              workspace={workspace}
              query={query.trim()}
              choose={(found) => {
                setQuery("");
                select(found);
                void browser.reveal(found.isFolder ? `${found.path}/` : found.path);
              }}
            />
          ) : isEmpty ? (
            <p class="notice">Nothing is here yet. Upload a folder, drop files here, or ask in the talk for some.</p>
          ) : (
            <TreeView browser={browser} selected={file ?? (folder || null)} select={select} />
          )}
        </div>
      </section>
      {file === null ? (
        <p class="notice no-file">Choose a file to see it.</p>
      ) : (
        <FileView
          key={file}
          workspace={workspace}
          path={file}
          version={version}
          rename={(to) => rename(file, to)}
          remove={() => void attempt(() => remove(file, false))}
          close={() => open(null)}
        />
      )}
    </div>
  );
}

/** A button for the browser's own chooser: the input itself looks like nothing of ours. */
function UploadButton({ label, isFolder, choose }: { label: string; isFolder: boolean; choose: (files: LocalFile[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current) input.current.webkitdirectory = isFolder;
  }, [isFolder]);
  return (
    <>
      <button type="button" class="bare" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={label}
        onChange={({ currentTarget }) => {
          if (currentTarget.files) choose(chosenFiles(currentTarget.files));
          // The same may be chosen again.
          currentTarget.value = "";
        }}
      />
    </>
  );
}

function named(names: string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}
