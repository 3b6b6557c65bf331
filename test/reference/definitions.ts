/** The protocol as JSON Schema: one named definition for each shape that has a name, made from the table's own zod schemas. */
import { readdirSync } from "node:fs";
import * as z from "zod";
import { connectionNotifications } from "#protocol/connection-notifications";
import { methods } from "#protocol/methods";
import { notifications } from "#protocol/notifications";
import { serverRequests } from "#protocol/server-requests";
import { codexParamsName } from "./codex-shapes.ts";

export interface Json {
  [member: string]: unknown;
}

/** Method → the names of its definitions. */
export interface Exchange {
  params: string;
  result: string;
  /** The request is read without any. */
  isWithoutParams: boolean;
}

export interface Protocol {
  definitions: Record<string, Json>;
  clientRequests: Record<string, Exchange>;
  serverRequests: Record<string, Exchange>;
  serverNotifications: Record<string, string>;
}

/** Of threads, and those that one connection is told beside them. */
export const allNotifications = { ...notifications, ...connectionNotifications };

const protocolFolder = new URL("../../durable-objects/protocol/", import.meta.url);

/** What one direction of the wire says: what is sent to us may leave defaults out, what we send has everything. */
type Direction = "input" | "output";

export async function readProtocol(): Promise<Protocol> {
  const names = await exportedNames();
  const sent = new Definitions(names, "output");
  const received = new Definitions(names, "input");

  const protocol = {
    clientRequests: mapValues(methods, ({ params, result }, method) => {
      const name = paramsName(params, method);
      const isWithoutParams = params.safeParse(undefined).success;
      return { params: received.add(name, params), result: sent.add(responseName(name), result), isWithoutParams };
    }),
    serverRequests: mapValues(serverRequests, ({ params, result }, method) => {
      const name = codexParamsName("ServerRequest", method) ?? `${pascal(method)}Params`;
      return { params: sent.add(name, params), result: received.add(responseName(name), result), isWithoutParams: false };
    }),
    serverNotifications: mapValues(allNotifications, (params, method) =>
      sent.add(codexParamsName("ServerNotification", method) ?? `${pascal(method)}Notification`, params),
    ),
  };
  const inputs = asInputs(received.all, sent.all);
  const rename = (name: string) => inputs.names.get(name) ?? name;
  return {
    definitions: sorted({ ...sent.all, ...inputs.all }),
    clientRequests: mapValues(protocol.clientRequests, (row) => ({ ...row, params: rename(row.params) })),
    serverRequests: mapValues(protocol.serverRequests, (row) => ({ ...row, result: rename(row.result) })),
    serverNotifications: protocol.serverNotifications,
  };
}

/** Definitions that are no method's own params or result. */
export function sharedShapes({ definitions, clientRequests, serverRequests, serverNotifications }: Protocol): string[] {
  const own = new Set([
    ...[...Object.values(clientRequests), ...Object.values(serverRequests)].flatMap(({ params, result }) => [params, result]),
    ...Object.values(serverNotifications),
  ]);
  return Object.keys(definitions).filter((name) => !own.has(name));
}

class Definitions {
  readonly all: Record<string, Json> = {};
  private readonly names: ReadonlyMap<z.core.$ZodType, string>;
  private readonly direction: Direction;

  constructor(names: ReadonlyMap<z.core.$ZodType, string>, direction: Direction) {
    this.names = names;
    this.direction = direction;
  }

  /** Returns the name. Two shapes under one name are a mistake in the protocol, said here. */
  add(name: string, schema: z.ZodType): string {
    const registry = z.registry<{ id?: string; description?: string }>();
    for (const inner of schemasIn(schema)) {
      // Params that may be left out are a union around the struct that gave them the name.
      const id = this.nameOf(inner) === name ? undefined : this.nameOf(inner);
      const description = z.globalRegistry.get(inner)?.description;
      if (id !== undefined || description !== undefined) registry.add(inner, { id, description });
    }
    const { $schema, $defs, ...root } = z.toJSONSchema(schema, {
      io: this.direction,
      metadata: registry,
      // Any value, if only there is one.
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => loosen(zodSchema, jsonSchema),
    });
    this.define(name, root);
    for (const [id, definition] of Object.entries($defs ?? {})) this.define(id, definition as Json);
    return name;
  }

  private define(name: string, definition: Json): void {
    const { id: _id, ...shape } = definition;
    const known = this.all[name];
    if (known && JSON.stringify(known) !== JSON.stringify(shape)) throw new Error(`two shapes are called ${name}`);
    this.all[name] = shape;
  }

  private nameOf(schema: z.core.$ZodType): string | undefined {
    const id = z.globalRegistry.get(schema)?.id ?? this.names.get(schema);
    if (id !== undefined) return id;
    // `.meta()` makes a copy of the same definition: it is the same shape under the same name.
    const { parent, def } = schema._zod;
    return parent?._zod.def === def ? this.nameOf(parent) : undefined;
  }
}

/** Fields are only ever added: who reads by this schema must not refuse what it does not know. And every integer is a safe one. */
function loosen(schema: z.core.$ZodTypes, json: Json): void {
  if (schema._zod.def.type === "object" && schema._zod.def.catchall === undefined) delete json.additionalProperties;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
}

/** What a client may send under a name that means more in an answer gets a name of its own. */
function asInputs(received: Record<string, Json>, sent: Record<string, Json>) {
  const different = new Set<string>();
  for (let before = -1; before !== different.size; ) {
    before = different.size;
    for (const [name, definition] of Object.entries(received)) {
      const differs = sent[name] && JSON.stringify(sent[name]) !== JSON.stringify(definition);
      if (sent[name] && (differs || references(definition).some((other) => different.has(other)))) different.add(name);
    }
  }
  const names = new Map(Array.from(different, (name) => [name, `${name}Param`]));
  const all = Object.fromEntries(
    Object.entries(received).map(([name, definition]) => [names.get(name) ?? name, renamed(definition, names)]),
  );
  return { names, all };
}

function references(definition: Json): string[] {
  return Array.from(JSON.stringify(definition).matchAll(/"#\/\$defs\/(\w+)"/g), ([, name = ""]) => name);
}

function renamed(definition: Json, names: ReadonlyMap<string, string>): Json {
  const text = JSON.stringify(definition).replace(
    /"#\/\$defs\/(\w+)"/g,
    (_whole, name: string) => `"#/$defs/${names.get(name) ?? name}"`,
  );
  return JSON.parse(text) as Json;
}

/** The schemas that the protocol's files export, under the names that they have there. `method.ts` only has pieces of rows. */
async function exportedNames(): Promise<Map<z.core.$ZodType, string>> {
  const names = new Map<z.core.$ZodType, string>();
  const files = readdirSync(protocolFolder).filter((file) => file.endsWith(".ts") && file !== "method.ts");
  for (const file of files.sort()) {
    const module = (await import(new URL(file, protocolFolder).href)) as object;
    for (const [name, value] of Object.entries(module)) {
      if (value instanceof z.ZodType && !names.has(value)) names.set(value, pascal(name));
    }
  }
  return names;
}

function schemasIn(root: z.core.$ZodType): Set<z.core.$ZodType> {
  const found = new Set<z.core.$ZodType>();
  const visit = (value: unknown): void => {
    if (value instanceof z.ZodType) {
      if (found.has(value)) return;
      found.add(value);
      for (const part of Object.values(value._zod.def)) visit(part);
    } else if (Array.isArray(value) || (typeof value === "object" && value?.constructor === Object)) {
      for (const part of Object.values(value)) visit(part);
    }
  };
  visit(root);
  return found;
}

function paramsName(params: z.ZodType, method: string): string {
  const inner = params instanceof z.ZodOptional || params instanceof z.ZodNullable ? params.unwrap() : params;
  if (inner !== params) return paramsName(inner as z.ZodType, method);
  return z.globalRegistry.get(params)?.id ?? `${pascal(method)}Params`;
}

function responseName(params: string): string {
  return `${params.replace(/Params$/, "")}Response`;
}

/** `thread/queue/add` → `ThreadQueueAdd` */
export function pascal(text: string): string {
  return text.replace(/(^|[^a-zA-Z0-9]+)([a-zA-Z0-9])/g, (_whole, _gap, letter: string) => letter.toUpperCase());
}

function mapValues<Row, Made>(table: Record<string, Row>, make: (row: Row, name: string) => Made): Record<string, Made> {
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, make(row, name)]));
}

function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
