/** `GET /v1/docs`: the OpenAPI document as a page that people read. Plain HTML with a style sheet of its own and no script. Pure. */
import { html } from "hono/html";
import type { Json } from "./openapi.ts";
import { problemTable } from "./problem.ts";

type Html = ReturnType<typeof html>;

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  parameters: { name: string; in: string; required: boolean; schema: Json; description?: string }[];
  requestBody?: { content: Record<string, { schema?: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Json }> }>;
}

export function docsPage(document: Json): Html {
  const operations = operationsOf(document);
  const tags = (document.tags as { name: string }[]).map(({ name }) => name);
  const { schemas } = document.components as { schemas: Record<string, Json> };
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Spindle over HTTP</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/v1/docs.css">
  </head>
  <body>
    <nav aria-label="Contents">
      <a href="#top">Spindle over HTTP</a>
      ${tags.map((tag) => html`<a href="#${tag}">${tag}</a>`)}
      <a href="#problems">problems</a>
      <a href="#schemas">schemas</a>
    </nav>
    <main id="top">
      <h1>Spindle over HTTP</h1>
      <p>${(document.info as Json).description}</p>
      <p>For programs: <a href="/v1/openapi.json">openapi.json</a>.</p>
      ${tags.map((tag) => html`<section id="${tag}"><h2>${tag}</h2>${operations.filter(({ tags }) => tags.includes(tag)).map(operationPart)}</section>`)}
      <section id="problems">
        <h2>problems</h2>
        <table>
          <thead><tr><th>name</th><th>status</th><th>what it is</th></tr></thead>
          <tbody>${problemTable.map(({ name, status, title }) => html`<tr id="problem-${name}"><td><code>${name}</code></td><td>${status}</td><td>${title}</td></tr>`)}</tbody>
        </table>
      </section>
      <section id="schemas">
        <h2>schemas</h2>
        ${Object.entries(schemas).map(([name, schema]) => html`<details id="schema-${name}"><summary><code>${name}</code></summary>${schemaPart(schema)}</details>`)}
      </section>
    </main>
  </body>
</html>`;
}

function operationsOf({ paths }: Json): (Operation & { verb: string; path: string })[] {
  return Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ ...operation, verb: verb.toUpperCase(), path })),
  );
}

function operationPart({
  operationId,
  verb,
  path,
  description,
  parameters,
  requestBody,
  responses,
}: Operation & { verb: string; path: string }): Html {
  const body = Object.entries(requestBody?.content ?? {});
  return html`<article id="${operationId}">
    <h3><span class="verb ${verb.toLowerCase()}">${verb}</span> <code>${path}</code></h3>
    ${description.split("\n\n").map((part) => html`<p>${words(part)}</p>`)}
    ${
      parameters.length === 0
        ? ""
        : html`<table><thead><tr><th>parameter</th><th>in</th><th>what it is</th></tr></thead><tbody>${parameters.map(
            ({ name, in: place, required, schema, description: told }) =>
              html`<tr><td><code>${name}</code>${required ? " *" : ""}</td><td>${place}</td><td><code>${typeText(schema)}</code> ${told ? words(told) : ""}</td></tr>`,
          )}</tbody></table>`
    }
    ${body.map(([type, { schema }]) => html`<details><summary>body, ${type}</summary>${schema ? schemaPart(schema) : html`<p>The bytes as they are.</p>`}</details>`)}
    <table><thead><tr><th>status</th><th>answer</th></tr></thead><tbody>${Object.entries(responses).map(
      ([status, { description: told, content }]) =>
        html`<tr><td>${status}</td><td>${words(told)}${Object.entries(content ?? {}).map(([type, { schema }]) =>
          type === "application/problem+json"
            ? ""
            : html`<details><summary>${type}</summary>${schema ? schemaPart(schema) : ""}</details>`,
        )}</td></tr>`,
    )}</tbody></table>
  </article>`;
}

function schemaPart(schema: Json): Html {
  const { $ref } = schema;
  if (typeof $ref === "string") return html`<p><a href="#schema-${nameOf($ref)}"><code>${nameOf($ref)}</code></a></p>`;
  return html`<pre>${JSON.stringify(schema, null, 2)}</pre>`;
}

function typeText({ $ref, type, anyOf, enum: values, const: value }: Json): string {
  if (typeof $ref === "string") return nameOf($ref);
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (Array.isArray(anyOf)) return (anyOf as Json[]).map(typeText).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  return Array.isArray(type) ? type.join(" | ") : String(type ?? "any");
}

function nameOf(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf("/") + 1);
}

/** What stands between backticks is code. */
function words(text: string): (Html | string)[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}

export const docsStyle = `:root { color-scheme: light dark; --line: light-dark(#d9d6cf, #3a3a3f); --dim: light-dark(#5f5b53, #a9a6a0); --code: light-dark(#f4f2ed, #232327); }
body { margin: 0; display: grid; grid-template-columns: minmax(9rem, 13rem) minmax(0, 1fr); font: 16px/1.55 system-ui, sans-serif; background: light-dark(#fff, #18181b); color: light-dark(#1d1c1a, #e9e7e2); }
nav { position: sticky; top: 0; align-self: start; height: 100vh; box-sizing: border-box; overflow: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); display: flex; flex-direction: column; gap: .4rem; }
nav a { color: inherit; text-decoration: none; } nav a:hover { text-decoration: underline; } nav a:first-child { font-weight: 600; margin-bottom: .6rem; }
a { color: light-dark(#1a56c4, #8ab4ff); }
main { padding: 1.5rem clamp(1rem, 4vw, 3rem) 6rem; max-width: 62rem; min-width: 0; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; } h2 { margin: 2.5rem 0 .5rem; text-transform: capitalize; } h3 { margin: 0 0 .4rem; font-size: 1rem; overflow-wrap: anywhere; }
article { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem; margin: 1rem 0; } article p { margin: .4rem 0; color: var(--dim); }
.verb { display: inline-block; min-width: 4.2rem; font: 600 .8rem/1.6 ui-monospace, monospace; }
.get { color: light-dark(#1a6b3c, #7fd6a4); } .post, .put, .patch { color: light-dark(#1a56c4, #8ab4ff); } .delete { color: light-dark(#b3261e, #ff9a91); }
table { width: 100%; border-collapse: collapse; margin: .6rem 0; font-size: .9rem; } th { text-align: left; font-weight: 600; color: var(--dim); } th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th:first-child, td:first-child { width: 13rem; } th:nth-child(2), td:nth-child(2) { overflow-wrap: normal; }
code, pre { font-family: ui-monospace, monospace; font-size: .88em; } pre { background: var(--code); padding: .8rem; border-radius: 6px; overflow: auto; max-height: 30rem; }
summary { cursor: pointer; } :target { outline: 2px solid light-dark(#1a56c4, #8ab4ff); outline-offset: 3px; }
@media (max-width: 45rem) { body { grid-template-columns: minmax(0, 1fr); } nav { position: static; height: auto; flex-direction: row; flex-wrap: wrap; border-right: 0; border-bottom: 1px solid var(--line); } }
`;
