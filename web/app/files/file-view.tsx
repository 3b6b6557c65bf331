/** One file, as text with numbered lines, as an image, or as the bytes it begins with. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { Reading } from "../installed/reading.tsx";
import { download } from "./download.ts";
import { contentOf, type FileContent, sizeText } from "./file-content.ts";
import { PathForm } from "./path-form.tsx";
import { nameOf } from "./tree.ts";
import type { Workspace } from "./workspace.ts";

interface FileViewProps {
  workspace: Workspace;
  path: string;
  /** Another number when the file may be another. */
  version: number;
  rename: (to: string) => Promise<void>;
  remove: () => void;
  close: () => void;
}

type Loaded = { type: "reading" } | { type: "failed"; message: string } | { type: "read"; bytes: Uint8Array<ArrayBuffer> };

export function FileView({ workspace, path, version, rename, remove, close }: FileViewProps) {
  const [loaded, setLoaded] = useState<Loaded>({ type: "reading" });
  const [isRenaming, setRenaming] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  // The version says that the same path has to be read again.
  useEffect(() => {
    let isGone = false;
    workspace.read(path).then(
      (bytes) => isGone || setLoaded({ type: "read", bytes }),
      (error: Error) => isGone || setLoaded({ type: "failed", message: error.message }),
    );
    return () => {
      isGone = true;
    };
  }, [workspace, path, version]);
  useEffect(() => {
    // On a phone the tree it was chosen in is hidden now.
    if (matchMedia("(max-width: 46rem)").matches) heading.current?.focus();
  }, []);
  return (
    <section class="file-view" aria-label="File">
      <header>
        <button type="button" class="quiet tree-way" onClick={close}>
          All files
        </button>
        <h2 tabIndex={-1} ref={heading}>
          <Visible text={path} />
        </h2>
        {loaded.type === "read" && <span class="detail">{sizeText(loaded.bytes.length)}</span>}
        <div class="choices">
          <button
            type="button"
            class="bare"
            disabled={loaded.type !== "read"}
            onClick={() => loaded.type === "read" && download(new Blob([loaded.bytes]), nameOf(path))}
          >
            Download
          </button>
          <button type="button" class="bare" onClick={() => setRenaming(true)}>
            Rename
          </button>
          <button type="button" class="bare" onClick={remove}>
            Delete
          </button>
        </div>
      </header>
      {isRenaming && (
        <PathForm label="New path" action="Rename" initial={path} submit={rename} close={() => setRenaming(false)} />
      )}
      {loaded.type === "reading" && (
        <Reading words="Reading …" offline="This file is not kept on this device. It comes when the server is reached." />
      )}
      {loaded.type === "failed" && (
        <p class="notice failed" role="alert">
          This file cannot be shown: {loaded.message}
        </p>
      )}
      {loaded.type === "read" && <Content bytes={loaded.bytes} path={path} />}
    </section>
  );
}

function Content({ bytes, path }: { bytes: Uint8Array<ArrayBuffer>; path: string }) {
  const [content, setContent] = useState<FileContent | null>(null);
  useEffect(() => setContent(contentOf(bytes)), [bytes]);
  if (!content) return null;
  if (content.type === "image") return <Picture bytes={bytes} mediaType={content.mediaType} path={path} />;
  if (content.type === "binary")
    return (
      <>
        <p class="notice">This is no text. It begins with:</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to scroll it */}
        <pre class="content" tabIndex={0}>
          {content.hex.join("\n")}
        </pre>
      </>
    );
  if (bytes.length === 0) return <p class="notice">The file is empty.</p>;
  return (
    <>
      {content.isCut && <p class="notice">Too long to be shown whole; download it to see the rest.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to scroll it */}
      <section class="content lines" tabIndex={0} aria-label="Contents">
        {content.lines.map((line, index) => (
          <code key={index} class="line">
            <span class="number" aria-hidden="true">
              {index + 1}
            </span>
            <span class="text">
              <Visible text={line} />
            </span>
          </code>
        ))}
      </section>
    </>
  );
}

function Picture({ bytes, mediaType, path }: { bytes: Uint8Array<ArrayBuffer>; mediaType: string; path: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, mediaType]);
  return <div class="content picture">{url && <img src={url} alt={nameOf(path)} />}</div>;
}
