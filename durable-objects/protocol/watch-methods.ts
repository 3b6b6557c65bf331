/** Watching a path of a workspace. A watch belongs to the socket and ends with it. */

import * as z from "zod";
import { absolutePath, empty, method, struct, text } from "./method.ts";

export const watchMethods = {
  "fs/watch": method({
    doc: "From now on `fs/changed` tells of what changes at the path and below it, which need not be there yet: by a proposal that lands, a person's `fs/*` call or their command. Paths that change together, or while the last telling is under way, come in one notification, each once. The real server's watch does not look below a directory's own entries.",
    scope: "workspace",
    params: struct("FsWatchParams", { watchId: z.string(), path: absolutePath, threadId: text }),
    result: z.object({ path: z.string() }),
  }),

  "fs/unwatch": method({
    doc: "Ends a watch of this connection; nothing is told of it after the answer. Also where there is none.",
    scope: "connection",
    params: struct("FsUnwatchParams", { watchId: z.string() }),
    result: empty,
  }),
};
