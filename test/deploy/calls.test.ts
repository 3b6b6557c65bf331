/** While a version comes to its users, old objects call new ones and new ones old ones: what was deployed may be called for ever. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const objects = join(dirname(dirname(import.meta.dirname)), "durable-objects");

/** As they were deployed: method, and how many parameters a call has to bring. Lines are added; one is changed or removed only two deployments later. */
const deployed: Record<string, Record<string, number>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "deployed-calls.json"), "utf8"),
);

test("every class of wrangler.toml stands in the list", () => {
  const toml = readFileSync(join(dirname(objects), "wrangler.toml"), "utf8");
  const bound = [...toml.matchAll(/^class_name = "(\w+)"$/gm)].map(([, name]) => name);
  expect(Object.keys(deployed).sort()).toEqual(bound.sort());
});

test.each(Object.keys(deployed))("%s still has every method that others may call, and none asks for more", (name) => {
  const found = methodsOf(name);
  for (const [method, parameters] of Object.entries(deployed[name] ?? {})) {
    expect(found.get(method), `${name}.${method} was deployed with ${parameters} parameters`).toBeLessThanOrEqual(parameters);
  }
});

test("every method that can be called stands in the list", () => {
  const missing = Object.entries(deployed).map(([name, methods]) => {
    return [name, Object.fromEntries([...methodsOf(name)].filter(([method]) => !(method in methods)))];
  });
  expect(Object.fromEntries(missing)).toEqual(Object.fromEntries(Object.keys(deployed).map((name) => [name, {}])));
});

/** Public methods of the object's class, with the number of parameters that have to be there. */
function methodsOf(name: string): Map<string, number> {
  const files = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith("-object.ts"));
  const source = files
    .map((file) => readFileSync(join(objects, file), "utf8"))
    .find((text) => text.includes(`export class ${name} `));
  if (source === undefined) throw new Error(`there is no ${name}`);
  const body = source.slice(source.indexOf(`export class ${name} `));
  const methods = [...body.slice(0, body.indexOf("\n}\n")).matchAll(/^ {2}(?:async )?(\w+)\(([^)]*)\)[^;]*\{$/gm)];
  return new Map(
    methods.flatMap(([, method = "", parameters = ""]) => {
      if (method === "constructor") return [];
      const needed = parameters.split(/,(?![^<{]*[>}])/).filter((each) => each.trim() !== "" && !/^\s*\w+\?|=/.test(each));
      return [[method, needed.length]];
    }),
  );
}
