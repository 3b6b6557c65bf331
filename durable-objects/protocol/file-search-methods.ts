/** Finding files by a few letters of their path, once or while somebody types. */
import * as z from "zod";
import { empty, method, struct, text } from "./method.ts";

/** Example: `{"root":"/workspace","path":"README.md","match_type":"file","file_name":"README.md","score":120,"indices":[0,1,2,3]}` */
export const fuzzyFileSearchResult = z.object({
  root: z.string(),
  /** Relative to `root`. */
  path: z.string(),
  match_type: z.enum(["file", "directory"]),
  file_name: z.string(),
  score: z.int().min(0),
  /** Characters of `path` that the query matched. */
  indices: z.array(z.int().min(0)).nullable(),
});
export type FuzzyFileSearchResult = z.infer<typeof fuzzyFileSearchResult>;

const query = z.string();

export const fileSearchMethods = {
  fuzzyFileSearch: method({
    doc: "Finds files and directories below `roots` by letters of their paths in order, the best 50 first. Roots that are in no workspace of this connection hold nothing. Words apart all have to match, `'word` exactly, `^` and `$` at an end, `!word` not at all; capitals match only capitals. A search is over at once: there is nothing that `cancellationToken` could cancel.",
    scope: "workspace",
    params: struct("FuzzyFileSearchParams", { query, roots: z.array(z.string()), cancellationToken: text, threadId: text }),
    result: z.object({ files: z.array(fuzzyFileSearchResult) }),
  }),

  "fuzzyFileSearch/sessionStart": method({
    doc: "Begins a search below `roots` whose query changes while somebody types; one of the same id begins anew. It lives as long as the socket.",
    scope: "connection",
    experimental: true,
    params: struct("FuzzyFileSearchSessionStartParams", { sessionId: z.string(), roots: z.array(z.string()) }),
    result: empty,
  }),

  "fuzzyFileSearch/sessionUpdate": method({
    doc: "Gives the search another query. After the answer `fuzzyFileSearch/sessionUpdated` tells what it finds in the files as they are then, and `fuzzyFileSearch/sessionCompleted` that this is all; of a query that the next one overtook nothing is told.",
    scope: "connection",
    experimental: true,
    params: struct("FuzzyFileSearchSessionUpdateParams", { sessionId: z.string(), query }),
    result: empty,
  }),

  "fuzzyFileSearch/sessionStop": method({
    doc: "Ends the search; nothing is told of it any more. Also where there is none.",
    scope: "connection",
    experimental: true,
    params: struct("FuzzyFileSearchSessionStopParams", { sessionId: z.string() }),
    result: empty,
  }),
};
