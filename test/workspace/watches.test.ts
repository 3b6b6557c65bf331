import { expect, test } from "vitest";
import { createSql } from "#test/support/sql";
import { Workspace } from "#workspace/store";
import { Watches } from "#workspace/watches";

const watch = { watcher: "c", watchId: "w" };

test("every way to change a file is noted: written, written again, copied, landed, removed; what is beside the path is not", () => {
  const { workspace, watches, told } = watched("src");
  workspace.write("src/a.txt", bytes("a"));
  workspace.write("src.txt", bytes("beside"));
  expect(told()).toEqual(["src/a.txt"]);
  workspace.write("src/a.txt", bytes("b"));
  expect(told()).toEqual(["src/a.txt"]);
  workspace.copy("src.txt", "src/copied.txt");
  expect(told()).toEqual(["src/copied.txt"]);
  const before = workspace.version("src/a.txt");
  workspace.land([{ path: "src/a.txt", before, after: null }]);
  expect(told()).toEqual(["src/a.txt"]);
  workspace.createDirectory("src/empty");
  expect(told()).toEqual(["src", "src/empty"]);
  workspace.remove("src", { recursive: true });
  expect(told()).toEqual(["src", "src/copied.txt", "src/empty"]);
  expect(watches.due()).toEqual([]);
});

test("what changes while it is told stays due", () => {
  const { workspace, watches } = watched("");
  workspace.write("a.txt", bytes("one"));
  workspace.write("b.txt", bytes("one"));
  const changes = watches.changes(watch, 10);
  workspace.write("a.txt", bytes("two"));
  watches.settle(watch, changes);
  expect(watches.changes(watch, 10).map(({ path }) => path)).toEqual(["a.txt"]);
});

test("a change that is undone was none, and after the watch nothing is noted", () => {
  const { workspace, watches, transaction } = watched("");
  expect(() =>
    transaction(() => {
      workspace.write("a.txt", bytes("a"));
      throw new Error("undone");
    }),
  ).toThrow("undone");
  expect(watches.due()).toEqual([]);
  watches.remove({ watcher: "c" });
  workspace.write("a.txt", bytes("a"));
  expect([watches.count, watches.due()]).toEqual([0, []]);
});

function watched(path: string) {
  const { sql, transactionSync } = createSql();
  Workspace.createSchema(sql);
  const workspace = new Workspace({ sql, now: () => 1 });
  const watches = new Watches(sql);
  watches.add(watch, path);
  const told = () => {
    const changes = watches.changes(watch, 10);
    watches.settle(watch, changes);
    return changes.map((change) => change.path);
  };
  return { workspace, watches, told, transaction: transactionSync };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
