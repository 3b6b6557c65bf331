/** What a search by name finds, as one types. */
import { useEffect, useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { filesLimits } from "./limits.ts";
import type { Workspace } from "./workspace.ts";

interface SearchViewProps {
  workspace: Workspace;
  query: string;
  choose: (found: Found) => void;
}

type Found = { path: string; isFolder: boolean };

export function SearchView({ workspace, query, choose }: SearchViewProps) {
  const [found, setFound] = useState<Found[] | { failure: string } | null>(null);
  useEffect(() => {
    let isGone = false;
    const timer = setTimeout(() => {
      workspace.search(query).then(
        (files) => isGone || setFound(files),
        (error: Error) => isGone || setFound({ failure: error.message }),
      );
    }, filesLimits.searchPauseMs);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [workspace, query]);
  if (found === null) return <p class="notice">Searching …</p>;
  if (!Array.isArray(found)) return <p class="notice failed">The search failed: {found.failure}</p>;
  return (
    <>
      <p class="unseen" role="status">
        {found.length} found
      </p>
      {found.length === 0 && <p class="notice">No file has a name like this.</p>}
      <ul class="found">
        {found.map((entry) => (
          <li key={entry.path}>
            <button type="button" class="bare" onClick={() => choose(entry)}>
              <Visible text={entry.path} />
              {entry.isFolder && "/"}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
