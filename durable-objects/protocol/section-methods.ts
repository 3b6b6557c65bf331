/** Sections: named groups into which a person sorts threads, each with an order of its own. They belong to the account. */
import * as z from "zod";
import { empty, method, page, struct, text } from "./method.ts";
import { threadSection } from "./thread.ts";

/** Left out where nothing is said of it, null to take it away. */
const appearance = struct("ThreadSectionAppearance", { icon: text, color: text }).nullish();
const section = z.object({ section: threadSection });

export const sectionMethods = {
  "threadSection/list": method({
    doc: "The account's sections in the order in which they were made. `Pinned` is there from the beginning, and stays.",
    scope: "directory",
    params: struct("ThreadSectionListParams", page),
    result: z.object({ data: z.array(threadSection), nextCursor: z.string().nullable() }),
  }),

  "threadSection/create": method({
    doc: "Makes a section. Refuses an empty name.",
    scope: "directory",
    params: struct("ThreadSectionCreateParams", { name: z.string(), appearance }),
    result: section,
  }),

  "threadSection/update": method({
    doc: "Renames a section; an appearance that is left out stays, null takes it away. `Pinned` keeps its name.",
    scope: "directory",
    params: struct("ThreadSectionUpdateParams", { sectionId: z.string(), name: z.string(), appearance }),
    result: section,
  }),

  "threadSection/delete": method({
    doc: "Deletes a section; its threads stay, in no section. `Pinned` cannot be deleted.",
    scope: "directory",
    params: struct("ThreadSectionDeleteParams", { sectionId: z.string() }),
    result: empty,
  }),

  "thread/section/move": method({
    doc: "Moves a thread into a section, to another place in it (before `beforeThreadId`, else to its end), or with null out of it. `thread/section/changed` follows, for every client of the account.",
    scope: "directory",
    params: struct("ThreadSectionMoveParams", { threadId: z.string(), sectionId: z.string().nullable(), beforeThreadId: text }),
    result: empty,
  }),
};
