/** A workspace on Node's SQLite with a clock that only moves when told, and what a test wants to ask of it. */
import { Workspace } from "#workspace/store";
import { createSql, type TestStorage } from "./sql.ts";

export interface TestWorkspace extends TestStorage {
  workspace: Workspace;
  /** Unix ms; tests set it. */
  clock: { nowMs: number };
}

export function createWorkspace(
  files: Record<string, string | Uint8Array> = {},
  limits: ConstructorParameters<typeof Workspace>[0]["limits"] = {},
): TestWorkspace {
  const storage = createSql();
  const clock = { nowMs: 1_000 };
  Workspace.createSchema(storage.sql);
  const workspace = new Workspace({ sql: storage.sql, now: () => clock.nowMs, limits });
  for (const [path, content] of Object.entries(files)) workspace.write(path, bytesOf(content));
  return { ...storage, workspace, clock };
}

export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

export function textAt(workspace: Workspace, path: string): string {
  return new TextDecoder().decode(workspace.read(path));
}

/** Every file as `mode text`, for comparing whole workspaces. */
export function treeOf(workspace: Workspace): Record<string, string> {
  return Object.fromEntries(
    workspace
      .files()
      .map(({ path, mode, hash }) => [path, `${mode.toString(8)} ${Buffer.from(workspace.readBlob(hash)).toString("latin1")}`]),
  );
}
