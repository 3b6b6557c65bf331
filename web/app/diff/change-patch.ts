/** The patch of a change, and of everything that landed in a turn. */
import type { ItemOf } from "#protocol/item";
import type { Turn } from "#protocol/turn";

export type FileChange = ItemOf<"fileChange">;

/** Without a proposal, as older logs are, made of what Codex says of each file. */
export function changePatch({ proposal, changes }: FileChange): string {
  if (proposal) return proposal.diff;
  return changes
    .map(({ path, kind, diff }) => {
      const name = path.replace(/^\/workspace\//, "");
      const head = `diff --git a/${name} b/${name}\n`;
      if (kind.type === "update") return head + (diff.startsWith("@@") || diff === "" ? diff : diff.replace(/^[^@]*(?=@@)/, ""));
      const lines = diff.replace(/\n$/, "").split("\n");
      const [sign, mode, range] =
        kind.type === "add" ? ["+", "new file", `-0,0 +1,${lines.length}`] : ["-", "deleted file", `-1,${lines.length} +0,0`];
      return `${head}${mode} mode 100644\n@@ ${range} @@\n${lines.map((line) => `${sign}${line}\n`).join("")}`;
    })
    .join("");
}

/** What landed, in its order: `git apply` takes one patch behind the other, also of the same file. */
export function turnPatch({ items }: Turn): string {
  return items.flatMap((item) => (item.type === "fileChange" && item.status === "completed" ? [changePatch(item)] : [])).join("");
}
