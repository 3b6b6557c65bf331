/** The OpenAPI 3.1 document, read off the table of routes and the protocol's own schemas. `docs/openapi.json` is what it says. Pure. */
import * as z from "zod";
import { protocolVersion } from "#models/catalogue";
import { decisionNode } from "#protocol/decision-tree-methods";
import { proposal, threadItem } from "#protocol/item";
import { question } from "#protocol/server-requests";
import { thread } from "#protocol/thread";
import { threadItemEntry } from "#protocol/thread-methods";
import { threadSettings } from "#protocol/thread-settings";
import { turn } from "#protocol/turn";
import { userInput } from "#protocol/user-input";
import { webhook } from "#protocol/webhook-methods";
import { httpLimits } from "./limits.ts";
import { type ProblemName, problemTable } from "./problem.ts";
import { approval, decided, type Route, routes } from "./routes.ts";

export interface Json {
  [member: string]: unknown;
}

/** Shapes that stand in many answers, by their names. */
const shared: [name: string, schema: z.ZodType][] = [
  ["Thread", thread],
  ["ThreadSettings", threadSettings],
  ["Turn", turn],
  ["ThreadItem", threadItem],
  ["ThreadItemEntry", threadItemEntry],
  ["UserInput", userInput],
  ["Proposal", proposal],
  ["Question", question],
  ["Approval", approval],
  ["Decided", decided],
  ["Webhook", webhook],
  ["DecisionNode", decisionNode],
];

let made: Json | null = null;

/** Made once, when it is first asked for. */
export function openApi(): Json {
  made ??= document();
  return made;
}

function document(): Json {
  const components: Json = { Problem: problemSchema };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.verb.toLowerCase()]: operation(route, components) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Spindle",
      version: protocolVersion,
      summary: "Durable threads of an agent, over HTTP",
      description:
        "The same threads, approvals and files that every other client of this server has: one log, many doors. Guide: docs/http.md of the sources. Every error is a problem of RFC 9457.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, {}],
    tags: ["threads", "turns", "approvals", "files", "decisions", "memory", "webhooks"].map((name) => ({ name })),
    paths,
    webhooks: { event: webhookOperation },
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([one], [other]) => (one < other ? -1 : 1))),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token of the operator's. A server that asks for none serves its own machine only.",
        },
      },
    },
  };
}

function operation(route: Route, components: Json): Json {
  const { id, group, doc, asks, inPath, inQuery, inBody, keyedBy, answer } = route;
  const body =
    inBody === "bytes"
      ? { required: true, content: { "application/octet-stream": {} } }
      : inBody && {
          required: Object.values(inBody).some(isRequired),
          content: { "application/json": { schema: schemaOf(z.object(inBody), "input", components) } },
        };
  return {
    operationId: id,
    tags: [group],
    summary: firstSentence(doc),
    description: `${doc}\n\nBehind it: \`${asks}\`.`,
    parameters: [
      ...Object.entries(inPath).map(([name, schema]) => parameter("path", name, schema, components)),
      ...Object.entries(inQuery).map(([name, schema]) => parameter("query", name, schema, components)),
      ...(keyedBy ? [idempotencyKey(keyedBy)] : []),
      ...(id === "followThread" ? [lastEventId] : []),
    ],
    ...(body ? { requestBody: body } : {}),
    responses: {
      [answer.status]: {
        description: answer.status === 201 ? "It was made, or had been by an earlier request with the same key" : "Done",
        ...(answer.status === 204 ? {} : { content: { [answer.mediaType]: contentOf(answer.schema, components) } }),
      },
      ...problemResponses(route.refuses),
    },
  };
}

function contentOf(schema: z.ZodType | null, components: Json): Json {
  return schema ? { schema: schemaOf(schema, "output", components) } : {};
}

function parameter(place: "path" | "query", name: string, schema: z.ZodType, components: Json): Json {
  return { name, in: place, required: place === "path" || isRequired(schema), schema: schemaOf(schema, "input", components) };
}

function idempotencyKey(keyedBy: NonNullable<Route["keyedBy"]>): Json {
  return {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description: `Becomes the \`${keyedBy}\` by which the server knows a retry: the same key again does nothing more and gets the first result.`,
    schema: { type: "string", minLength: 1, maxLength: httpLimits.idempotencyKeyCharactersMax + 2 },
  };
}

const lastEventId = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description: "The last frame that was read; a browser sends it by itself.",
  schema: { type: "string", pattern: "^\\d{0,15}$" },
};

/** One answer for each status; which problems it may be stands in its description. */
function problemResponses(refuses: readonly ProblemName[]): Json {
  const names = [...new Set<ProblemName>([...refuses, "invalidParameter", "unauthorized", "internal", "overloaded"])];
  const rows = problemTable.filter(({ name }) => names.includes(name));
  const statuses = [...new Set(rows.map(({ status }) => status))].sort((one, other) => one - other);
  const responses = statuses.map((status) => {
    const told = rows.filter((row) => row.status === status).map(({ name, title }) => `\`${name}\`: ${title}`);
    return [status, { description: told.join("; "), content: problemContent }] as const;
  });
  return { ...Object.fromEntries(responses), default: { description: "Another problem", content: problemContent } };
}

const problemContent = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

const problemSchema: Json = {
  type: "object",
  description:
    "RFC 9457. `name` and `status` are what a program goes by; `code` is the protocol's, null where the door itself refused.",
  required: ["type", "title", "status", "detail", "name", "code"],
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    name: { type: "string", enum: problemTable.map(({ name }) => name) },
    code: { type: ["integer", "null"] },
    errors: {
      type: "array",
      items: { type: "object", required: ["at", "detail"], properties: { at: { type: "string" }, detail: { type: "string" } } },
    },
  },
};

const webhookOperation = {
  post: {
    operationId: "webhookEvent",
    tags: ["webhooks"],
    summary: "What a webhook is called with",
    description:
      "Signed by the Standard Webhooks specification. Any answer of the 200s takes it, 410 ends the webhook, anything else is tried again over three days.",
    parameters: ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => ({
      name,
      in: "header",
      required: true,
      schema: { type: "string" },
    })),
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["type", "timestamp", "data"],
            properties: {
              type: { type: "string", enum: ["approval.requested", "question.asked", "turn.completed", "turn.failed"] },
              timestamp: { type: "string", format: "date-time" },
              data: { type: "object", required: ["threadId"], properties: { threadId: { type: "string" } } },
            },
          },
        },
      },
    },
    responses: { "2XX": { description: "Taken" } },
  },
};

/** Named shapes go to `components`, where every other answer finds them. */
function schemaOf(schema: z.ZodType, io: "input" | "output", components: Json): Json {
  const registry = z.registry<{ id?: string }>();
  // What a client sends may leave defaults out: under one name there is one shape, that of the answers, and `UserInput`, which is sent.
  for (const [id, named] of shared)
    if (io === "output" || named === userInput) registry.add(named, { id: io === "input" ? `${id}Param` : id });
  const {
    $schema,
    $defs,
    id: _id,
    ...root
  } = z.toJSONSchema(schema, {
    io,
    metadata: registry,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => loosen(zodSchema, jsonSchema),
  });
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { id: _inner, ...shape } = definition as Json;
    define(name, pointed(shape), components);
  }
  const own = io === "output" ? shared.find(([, named]) => named === schema)?.[0] : undefined;
  if (own === undefined) return pointed(root as Json);
  // One that is named and refers to itself comes as a reference, and stands among the definitions already.
  if (root.$ref === undefined) define(own, pointed(root as Json), components);
  return { $ref: `#/components/schemas/${own}` };
}

function define(name: string, shape: Json, components: Json): void {
  const known = components[name];
  if (known && JSON.stringify(known) !== JSON.stringify(shape)) throw new Error(`two shapes are called ${name}`);
  components[name] = shape;
}

function pointed(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}

/** Fields are only ever added: who reads by this must not refuse what it does not know. And every integer is a safe one. */
function loosen(schema: z.core.$ZodTypes, json: Json): void {
  if (schema._zod.def.type === "object" && schema._zod.def.catchall === undefined) delete json.additionalProperties;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
}

function isRequired(schema: z.ZodType): boolean {
  return !schema.safeParse(undefined).success;
}

function firstSentence(text: string): string {
  return /^.*?[.;:](?=\s|$)/.exec(text)?.[0].replace(/[.;:]$/, "") ?? text;
}
