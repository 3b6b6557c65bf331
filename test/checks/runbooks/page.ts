/** A runbook's commands, as they stand on its page: fenced blocks of `sh` with a word that says what they are for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../server.ts";

/** `account`: needs Cloudflare's account, and is only looked up. `setup`: stands once, in the list of runbooks, before all others. */
export const blockKinds = ["setup", "see", "do", "over", "account"] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface Block {
  kind: BlockKind;
  commands: string;
}

/** The blocks of `docs/runbooks/<name>.md` in their order. Throws on a block of `sh` that does not say what it is for. */
export function readBlocks(name: string): Block[] {
  const text = readFileSync(join(projectRoot, "docs/runbooks", `${name}.md`), "utf8");
  return Array.from(text.matchAll(/^( *)```sh ?(\w*)\n([\s\S]*?)^\1```$/gm), ([, indent = "", word = "", body = ""]) => {
    const kind = blockKinds.find((each) => each === word);
    if (!kind) throw new Error(`${name}.md has commands that do not say what they are for: ${body.trim()}`);
    return { kind, commands: body.replaceAll(new RegExp(`^${indent}`, "gm"), "") };
  });
}
