/** The AGENTS.md files of a repository's thread: read at the commit that is named, and never from the files that are being changed. */
import { limits } from "#core/limits";
import { byDepth, fittingGuides, type Guide } from "#core/prompt";
import { openTurn } from "#core/thread";
import type { SnapshotSource } from "#github/snapshot";
import type { TreeFile, TreeListing } from "#github/snapshot-source";
import type { ThreadRuntime } from "#thread/runtime";
import { fileMode } from "#workspace/change";

/** Written into the log where they are others than before, so that a fork has them too. Throws when they cannot be read. */
export async function takeGuides(runtime: ThreadRuntime, source: SnapshotSource, listing: TreeListing): Promise<void> {
  const guides = fittingGuides(await readGuides(source, guideFiles(listing)));
  const { guides: before, status } = runtime.current;
  if (JSON.stringify(before) === JSON.stringify(guides)) return;
  if (openTurn(runtime.current)) throw new Error("a turn began while the repository entered");
  runtime.commit([{ ...runtime.status(status), private: { event: { type: "guidesTaken", guides } } }]);
}

/** From the root down, until what comes before them fills the bound. What a link leads to is no guide. */
function guideFiles({ files }: TreeListing): TreeFile[] {
  let bytes = 0;
  return files
    .filter(({ path, mode }) => /(^|\/)AGENTS\.md$/.test(path) && mode !== fileMode.symlink)
    .toSorted(byDepth)
    .slice(0, limits.guidesMax)
    .filter(({ size }) => {
      const isWanted = size <= limits.guideBytesMax && bytes < limits.guideBytesMax;
      bytes += isWanted ? size : 0;
      return isWanted;
    });
}

async function readGuides(source: SnapshotSource, files: TreeFile[]): Promise<Guide[]> {
  const texts = new Map<string, string>();
  for (let rest = [...new Set(files.map(({ oid }) => oid))]; rest.length > 0; ) {
    const page = await source.readBlobs(rest);
    if (page.rest.length >= rest.length) throw new Error("the repository gives no contents");
    for (const { oid, bytes } of page.blobs) texts.set(oid, new TextDecoder().decode(bytes));
    rest = page.rest;
  }
  return files.map(({ path, oid }) => ({ path, text: texts.get(oid) ?? "" }));
}
