/**
 * Cuts the part that is used out of GitHub's own OpenAPI description, and writes it to test/fixtures/github.
 * `node test/support/github/slice.ts <api.github.com.json of @octokit/openapi>`
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { routes } from "#github/routes";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Members = { [key: string]: Json };

interface Official {
  info: { version: string };
  paths: Record<string, Record<string, Members>>;
  components: Record<string, Record<string, Json>>;
}

/** For people to read, or of no meaning for what is sent and answered. */
const left: ReadonlySet<string> = new Set(
  "description example examples externalDocs summary tags title x-github x-octokit x-multi-segment".split(" "),
);

/** What stands in these has names of GitHub's own: a member called `title` is one. */
const named: ReadonlySet<string> = new Set(["properties", "patternProperties", "responses", "headers", "content"]);

function cut(value: Json, areNames = false): Json {
  if (Array.isArray(value)) return value.map((one) => cut(one));
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key]) => areNames || !left.has(key));
  return Object.fromEntries(kept.map(([key, member]) => [key, cut(member, !areNames && named.has(key))]));
}

/** An operation with its successful answers. */
function cutOperation(operation: Members): Members {
  const responses = Object.entries(operation.responses as Members).filter(([status]) => status.startsWith("2"));
  return cut({ ...operation, responses: Object.fromEntries(responses) }) as Members;
}

function referencesIn(value: Json): string[] {
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  const { $ref } = value;
  return typeof $ref === "string" ? [$ref] : Object.values(value).flatMap(referencesIn);
}

function sliceOf({ info, paths, components }: Official): { head: Members; paths: Members; components: Record<string, Members> } {
  const sliced: Record<string, Members> = {};
  for (const route of routes) {
    const [method = "", path = ""] = route.split(" ");
    const operation = paths[path]?.[method.toLowerCase()];
    if (operation === undefined) throw new Error(`GitHub has no ${route}`);
    sliced[path] = { ...sliced[path], [method.toLowerCase()]: cutOperation(operation) };
  }
  const found: Record<string, Members> = {};
  const waiting = referencesIn(sliced);
  for (let reference = waiting.pop(); reference !== undefined; reference = waiting.pop()) {
    const [, , kind = "", name = ""] = reference.split("/");
    if (found[kind]?.[name] !== undefined) continue;
    const component = cut(components[kind]?.[name] ?? null);
    if (component === null) throw new Error(`GitHub has no ${reference}`);
    found[kind] = { ...found[kind], [name]: component };
    waiting.push(...referencesIn(component));
  }
  const license = { name: "MIT", url: "https://spdx.org/licenses/MIT" };
  const source = `npm package @octokit/openapi ${info.version}, generated/api.github.com.json (MIT); descriptions and examples left out`;
  const title = "The part of GitHub's REST API that Spindle uses";
  return {
    head: { openapi: "3.0.3", info: { title, version: info.version, license }, "x-source": source },
    paths: sliced,
    components: found,
  };
}

/** Sorted, and a line for each path and component: two changes meet only where they change the same. */
function written({ head, paths, components }: ReturnType<typeof sliceOf>): string {
  const lines = (members: Members) =>
    Object.entries(members)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${JSON.stringify(member)}`)
      .join(",\n");
  const kinds = Object.entries(components)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, members]) => `${JSON.stringify(kind)}:{\n${lines(members)}\n}`);
  return `${JSON.stringify(head).slice(0, -1)},"paths":{\n${lines(paths)}\n},"components":{\n${kinds.join(",\n")}\n}}\n`;
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("which file? It is generated/api.github.com.json of the npm package @octokit/openapi");
const official = JSON.parse(readFileSync(file, "utf8")) as Official;
writeFileSync(join(import.meta.dirname, "../../fixtures/github/openapi-slice.json"), written(sliceOf(official)));
