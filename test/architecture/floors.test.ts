/** The house stands as ARCHITECTURE.md says: imports go down, and the core knows neither clock nor dice nor platform. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Lower floors first. An import may go to a folder of the same floor or of a lower one. */
const floors: readonly (readonly string[])[] = [
  ["durable-objects/protocol"],
  ["durable-objects/core"],
  ["durable-objects/workspace"],
  ["durable-objects/tools", "durable-objects/models", "durable-objects/outbound"],
  [
    "durable-objects/access",
    "durable-objects/directory",
    "durable-objects/memory",
    "durable-objects/metrics",
    "durable-objects/push",
    "durable-objects/thread",
    "durable-objects/connection",
    "durable-objects/github",
  ],
  ["durable-objects"],
  ["workers"],
];

test("an import goes down, never up", () => {
  const upward = floors.flatMap((folders, floor) =>
    folders.flatMap((folder) =>
      filesOf(folder)
        .filter((file) => folderOf(file) === folder)
        .flatMap((file) =>
          importsOf(file)
            .filter((target) => floorOf(target) > floor)
            .map((target) => `${file} → ${target}`),
        ),
    ),
  );
  // The objects are made of the environment's bindings, and the bindings are typed by the objects: a circle of types, not of code.
  const bindings = new Set(["durable-objects/environment.ts", "durable-objects/platform.ts", "durable-objects/circuits.ts"]);
  expect(upward.filter((line) => !bindings.has(line.split(" → ")[1] ?? ""))).toEqual([]);
});

test("the protocol knows zod and nothing else", () => {
  const packages = filesOf("durable-objects/protocol").flatMap(packagesOf);
  expect(new Set(packages)).toEqual(new Set(["zod"]));
});

test("the core reads no clock, throws no dice, and touches no platform", () => {
  // Pure both: the smallest difference of two texts; Markdown with the place of each node, for what a comment says is decided by it.
  expect(new Set(filesOf("durable-objects/core").flatMap(packagesOf))).toEqual(new Set(["diff", "@lezer/markdown"]));
  const forbidden =
    /\b(Date\.now|new Date\b|Math\.random|performance\.|setTimeout|setInterval|fetch\(|crypto\.|process\.|console\.)/;
  const found = filesOf("durable-objects/core").flatMap((file) =>
    linesOf(file).flatMap((line, index) => (forbidden.test(withoutComment(line)) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test("the browser's client takes no zod and no server code but reduce and types", () => {
  const values = [...filesOf("web/client"), ...filesOf("web/app").filter((file) => /\.tsx?$/.test(file))].flatMap((file) =>
    linesOf(file)
      .filter((line) => /^import (?!type)/.test(line) && !/^import \{(\s*type [^,}]+,?)+\s*\}/.test(line))
      .flatMap((line) => /from "(#[^"]+|zod)"/.exec(line)?.[1] ?? []),
  );
  const allowed = /^#client\/|^#core\/(reduce|thread)$|^#protocol\/(approval-bounds|json-rpc|user-input)$/;
  expect(values.filter((target) => !allowed.test(target))).toEqual([]);
});

test("the private key of the GitHub App is read in one file, and no token outlives its job", () => {
  const files = ["durable-objects", "workers", "web"].flatMap(filesOf);
  const naming = (word: RegExp) => files.filter((file) => linesOf(file).some((line) => word.test(withoutComment(line))));
  // `settings.ts` names it in a sentence for the operator, `environment.ts` in its type, `operator-settings.ts` among all names there are.
  const readers = naming(/GITHUB_APP_PRIVATE_KEY/).filter(
    (file) => !/(environment|github\/settings|deploy\/operator-settings)\.ts$/.test(file),
  );
  expect(readers).toEqual(["durable-objects/github/app-token.ts"]);
  const minting = naming(/access_tokens"/).filter((file) => !file.endsWith("/routes.ts"));
  expect(minting).toEqual(["durable-objects/github/installation.ts"]);
  const minter = linesOf("durable-objects/github/installation.ts").map(withoutComment).join("\n");
  expect(minter).not.toMatch(/\bsql\b|storage|report\([^)]*\btoken\b/);
});

test("requests leave the house through one file", () => {
  const calling = ["durable-objects", "workers"]
    .flatMap(filesOf)
    .filter((file) => linesOf(file).some((line) => /(?<![.\w]|async |private )fetch\(/.test(withoutComment(line))));
  // The launcher asks the server that it has started whether it serves.
  expect(calling).toEqual(["durable-objects/outbound/outbound.ts", "workers/start.ts"]);
});

test("no file reads the folder beside the project", () => {
  const found = ["durable-objects", "workers", "web", "test"].flatMap(filesOf).filter((file) => {
    return file !== "test/architecture/floors.test.ts" && readFileSync(join(root, file), "utf8").includes("../shared/");
  });
  expect(found).toEqual([]);
});

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx)$/.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes("/dist/"));
}

function linesOf(file: string): string[] {
  return readFileSync(join(root, file), "utf8").split("\n");
}

function withoutComment(line: string): string {
  return line.replace(/^\s*(\*|\/\*\*?|\/\/).*$/, "").replace(/\s\/\/ .*$/, "");
}

function specifiersOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const statements = text.matchAll(/^(?:import|export)\b[^;"]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm);
  return Array.from(statements, ([, from, bare]) => from ?? bare ?? "");
}

/** Files of the project that a file imports. */
function importsOf(file: string): string[] {
  return specifiersOf(file).flatMap((specifier) => {
    if (specifier.startsWith("#")) return [`durable-objects/${specifier.slice(1)}.ts`];
    if (specifier.startsWith(".")) return [relative(root, resolve(root, dirname(file), specifier))];
    return [];
  });
}

function packagesOf(file: string): string[] {
  return specifiersOf(file).filter((specifier) => !specifier.startsWith("#") && !specifier.startsWith("."));
}

function folderOf(file: string): string {
  const owner = floors.flat().filter((folder) => file.startsWith(`${folder}/`));
  return owner.toSorted((one, other) => other.length - one.length)[0] ?? "";
}

function floorOf(file: string): number {
  const folder = folderOf(file);
  return floors.findIndex((folders) => folders.includes(folder));
}
