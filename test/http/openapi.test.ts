/** The document says what the table says, and is one that the tools of others read. */
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { answerProblem } from "#test/support/openapi-judge";
import { docsPage } from "../../workers/http/docs-page.ts";
import { openApi } from "../../workers/http/openapi.ts";
import { problemTable } from "../../workers/http/problem.ts";
import { namesIn, routes } from "../../workers/http/routes.ts";

test("docs/openapi.json is an OpenAPI 3.1 document by the schema of its makers", async () => {
  const validator = new Validator();
  const document = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"));
  const { valid, errors } = await validator.validate(document);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe("3.1");
  const broken = structuredClone(document);
  broken.paths["/v1/threads"].get.parameters[0].in = "nowhere";
  expect((await validator.validate(broken)).valid).toBe(false);
});

test("what it serves is what is committed", () => {
  expect(openApi()).toEqual(JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")));
});

test("every reference leads somewhere", () => {
  const document = openApi();
  const { schemas } = document.components as { schemas: Record<string, unknown> };
  const names = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, pointer = ""]) => pointer);
  expect(names.length).toBeGreaterThan(50);
  for (const [name, schema] of Object.entries(schemas)) expect(schema, name).not.toHaveProperty("$ref");
  for (const pointer of names) {
    expect(pointer).toMatch(/^#\/components\/schemas\/\w+$/);
    expect(schemas, pointer).toHaveProperty(pointer.replace("#/components/schemas/", ""));
  }
});

test("no path and no operation stands twice, and each parameter in a path is told", () => {
  const places = routes.map(({ verb, path }) => `${verb} ${path.replace(/\{\w+\}/g, "{}")}`);
  expect(new Set(places).size).toBe(places.length);
  expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length);
  for (const route of routes) expect(Object.keys(route.inPath).sort(), route.id).toEqual(namesIn(route.path).sort());
});

test("the page tells of every operation and every problem, has no script, and asks no other origin for anything", async () => {
  const page = String(await docsPage(openApi()));
  for (const { id } of routes) expect(page.includes(`id="${id}"`), id).toBe(true);
  for (const { name } of problemTable) expect(page.includes(`id="problem-${name}"`), name).toBe(true);
  expect(/<script|<img|\son\w+="|style="/.exec(page)).toBe(null);
  expect([...page.matchAll(/(?:src|href)="([^"#]+)/g)].map(([, address]) => address)).toEqual([
    "/icon.svg",
    "/v1/docs.css",
    "/v1/openapi.json",
  ]);
});

test("the judge of answers finds what is wrong", () => {
  const answer = { verb: "GET", path: "/v1/memory/search?query=x", status: 200, contentType: "application/json" };
  expect(answerProblem({ ...answer, body: '{"data":[]}' })).toBe(null);
  expect(answerProblem({ ...answer, body: '{"data":7}' })).toContain("must be array");
  expect(answerProblem({ ...answer, status: 201, body: "{}" })).toContain("no such status");
  expect(answerProblem({ ...answer, contentType: "text/plain", body: "x" })).toContain("text/plain is none of");
  expect(answerProblem({ ...answer, status: 418, contentType: "application/problem+json", body: '{"status":418}' })).toContain(
    "must have required property",
  );
});
