/** Every request that leaves for GitHub has to be one that GitHub's own description allows; anything else is a fault of ours. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schema as graphqlSchemaText } from "@octokit/graphql-schema";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { buildSchema, coerceInputValue, type GraphQLSchema, isInputObjectType, parse, validate, validateSchema } from "graphql";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: boolean | Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  [keyword: string]: unknown;
}

interface Parameter {
  $ref?: string;
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: Schema;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: { "application/json"?: { schema: Schema } } };
  responses: Record<string, { $ref?: string; content?: { "application/json"?: { schema: Schema } } }>;
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

export const description = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../fixtures/github/openapi-slice.json"), "utf8"),
) as Description;

export interface Asked {
  method: string;
  /** Without the API's own prefix. Example: `/repos/acme/widgets/pulls?state=all` */
  path: string;
  body: string | null;
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ ...description, $id: "https://github.test/openapi" });
const validators = new Map<Schema, ValidateFunction>();
let graphqlSchema: GraphQLSchema | null = null;

/** What is wrong with a request; empty when nothing is. */
export function judgeRequest({ method, path, body }: Asked): string[] {
  const url = new URL(path, "https://github.test");
  if (url.pathname === "/graphql") return judgeGraphql(body);
  const found = operationOf(method, url.pathname);
  if (found === null) return [`${method} ${url.pathname} is no operation of the slice`];
  const { operation, values } = found;
  const parameters = (operation.parameters ?? []).map((parameter) => resolved<Parameter>(parameter));
  const problems = judgeQuery(url.searchParams, parameters);
  for (const parameter of parameters.filter((one) => one.in === "path")) {
    problems.push(...judge(parameter.schema, plain(values[parameter.name] ?? "", parameter.schema), `path ${parameter.name}`));
  }
  const schema = operation.requestBody?.content["application/json"]?.schema;
  if (body === null) return operation.requestBody?.required ? [...problems, "the body is missing"] : problems;
  if (!schema) return [...problems, "there is a body, and the operation has none"];
  const value = JSON.parse(body) as unknown;
  return [...problems, ...judge(schema, value, "body"), ...unknownKeys(schema, value, "body")];
}

/** What is wrong with an answer, as GitHub describes it; empty for one that is described without a body. */
export function judgeAnswer({ method, path }: Asked, status: number, text: string): string[] {
  const found = operationOf(method, new URL(path, "https://github.test").pathname);
  const response = found?.operation.responses[String(status)];
  if (!found || !response) return [];
  const schema = resolved<NonNullable<typeof response>>(response).content?.["application/json"]?.schema;
  return schema ? judge(schema, JSON.parse(text), "answer") : [];
}

function operationOf(method: string, pathname: string): { operation: Operation; values: Record<string, string> } | null {
  for (const [template, operations] of Object.entries(description.paths)) {
    const operation = operations[method.toLowerCase()];
    if (!operation) continue;
    const pattern = template.replace(/\{(\w+)\}/g, (_, name) => (name === "ref" ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`));
    const match = new RegExp(`^${pattern}$`).exec(pathname);
    if (match) return { operation, values: { ...match.groups } };
  }
  return null;
}

function judgeQuery(query: URLSearchParams, parameters: Parameter[]): string[] {
  return [...query].flatMap(([name, value]) => {
    const parameter = parameters.find((one) => one.in === "query" && one.name === name);
    return parameter ? judge(parameter.schema, plain(value, parameter.schema), `query ${name}`) : [`no query parameter ${name}`];
  });
}

/** A query has texts only. */
function plain(value: string, schema: Schema): unknown {
  const { type } = resolved<Schema>(schema);
  if (type === "integer" || type === "number") return Number(value);
  if (type === "boolean") return value === "true";
  return value;
}

function judge(schema: Schema, value: unknown, where: string): string[] {
  const validator = validatorOf(schema);
  if (validator(value)) return [];
  return (validator.errors ?? []).map((error) => `${where}${error.instancePath}: ${error.message}`);
}

function validatorOf(schema: Schema): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const made = ajv.compile(pointed(schema) as Schema);
  validators.set(schema, made);
  return made;
}

/** References of the slice, as seen from outside of it. */
function pointed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === "$ref" && typeof member === "string" ? `https://github.test/openapi${member}` : pointed(member),
    ]),
  );
}

function resolved<Found>(value: { $ref?: string }): Found {
  if (value.$ref === undefined) return value as Found;
  const [, , kind = "", name = ""] = value.$ref.split("/");
  return resolved(description.components[kind]?.[name] as { $ref?: string });
}

/** GitHub takes members that it does not know and does nothing with them: a name that is spelled wrongly would go unseen. */
function unknownKeys(given: Schema, value: unknown, where: string): string[] {
  const schemas = alternatives(given);
  if (Array.isArray(value)) {
    const items = schemas.flatMap(({ items: one }) => (one ? [one] : []));
    return items.length === 0 ? [] : value.flatMap((item, index) => unknownKeys({ anyOf: items }, item, `${where}/${index}`));
  }
  if (typeof value !== "object" || value === null) return [];
  if (schemas.some(({ additionalProperties }) => additionalProperties !== undefined && additionalProperties !== false)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const members = schemas.flatMap(({ properties }) => (properties && key in properties ? [properties[key] as Schema] : []));
    return members.length === 0
      ? [`${where}/${key}: GitHub knows no such member`]
      : unknownKeys({ anyOf: members }, member, `${where}/${key}`);
  });
}

function alternatives(given: Schema): Schema[] {
  const schema = resolved<Schema>(given);
  const below = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...below.flatMap(alternatives)];
}

function judgeGraphql(body: string | null): string[] {
  graphqlSchema ??= buildSchema(graphqlSchemaText.idl, { assumeValidSDL: true });
  if (validateSchema(graphqlSchema).length > 0) return ["GitHub's GraphQL schema cannot be read"];
  const { query, variables } = JSON.parse(body ?? "{}") as { query: string; variables: Record<string, unknown> };
  const document = parse(query);
  const problems = validate(graphqlSchema, document).map(({ message }) => message);
  const [definition] = document.definitions;
  const declared = definition?.kind === "OperationDefinition" ? (definition.variableDefinitions ?? []) : [];
  for (const { variable, type } of declared) {
    const named = type.kind === "NonNullType" && type.type.kind === "NamedType" ? type.type.name.value : "";
    const input = graphqlSchema.getType(named);
    if (!isInputObjectType(input)) return [...problems, `the variable ${variable.name.value} has no input type`];
    coerceInputValue(variables[variable.name.value], input, (path, _, error) => {
      problems.push(`${path.join(".")}: ${error.message}`);
    });
  }
  return problems;
}
