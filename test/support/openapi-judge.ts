/** Judges answers of the HTTP API by `docs/openapi.json`: path, status, media type and shape. Node only: ajv makes code at run time. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

export interface HttpAnswer {
  verb: string;
  /** With or without a query. */
  path: string;
  status: number;
  contentType: string | null;
  /** As it came. */
  body: string;
}

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

const document = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, Operation>>;
  components: object;
};
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: "api", components: document.components });

/** Null where the document says so, else what it does not. */
export function answerProblem({ verb, path, status, contentType, body }: HttpAnswer): string | null {
  const where = `${verb} ${path} ${status}`;
  const [pathname = ""] = path.split("?");
  const templates = Object.keys(document.paths).filter((template) => patternOf(template).test(pathname));
  // `/v1/memory/search` is no fragment's id: the path that says it in full wins.
  const template = templates.sort((one, other) => one.split("{").length - other.split("{").length)[0];
  const operation = template === undefined ? undefined : document.paths[template]?.[verb.toLowerCase()];
  const response = operation
    ? (operation.responses[status] ?? (status >= 400 ? operation.responses.default : undefined))
    : undefined;
  if (operation && !response) return `${where}: no such status`;
  const type = contentType?.split(";")[0] ?? "";
  // A path or method that there is not has no operation, and is a problem all the same.
  const content = response?.content ?? (status === 204 ? {} : { "application/problem+json": { schema: problemRef } });
  if (status === 204) return body === "" ? null : `${where}: a body`;
  const media = content[type];
  if (!media) return `${where}: ${type} is none of ${Object.keys(content).join(", ")}`;
  if (!media.schema) return null;
  const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/components/', '"api#/components/')) as object;
  const isRight = ajv.compile(schema);
  return isRight(JSON.parse(body)) ? null : `${where}: ${ajv.errorsText(isRight.errors)}\n${body.slice(0, 500)}`;
}

const problemRef = { $ref: "#/components/schemas/Problem" };

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`);
}
