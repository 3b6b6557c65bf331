/** The table against Codex's own description of each method. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { codexMethodNames } from "#protocol/codex-method-names";
import type { Scope } from "#protocol/method";
import { methods } from "#protocol/methods";
import { paramsDefinition } from "#test/support/codex-schema";

interface Row {
  doc: string;
  scope: Scope;
  params: z.ZodType;
  experimental?: boolean;
  experimentalFields?: readonly string[];
}
const rows: [string, Row][] = Object.entries(methods);
const codexRows = rows.filter(([name]) => !name.startsWith("spindle/"));

const experimental = JSON.parse(
  readFileSync(new URL("../fixtures/codex-0.169.0/experimental.json", import.meta.url), "utf8"),
) as { methods: string[]; fields: Record<string, string[]> };

/** Fields that Spindle adds; a client that does not know them leaves them out. */
const own: Record<string, string[]> = {
  "thread/start": ["threadId"],
  "thread/resume": ["afterSeq"],
  "turn/start": ["decisionMode", "decisionExtraction", "questionTimeoutMs"],
  "command/exec": ["threadId"],
  fuzzyFileSearch: ["threadId"],
  ...Object.fromEntries(
    rows.flatMap(([name]) => (name.startsWith("fs/") && name !== "fs/unwatch" ? [[name, ["threadId"]]] : [])),
  ),
};

describe("each row has Codex's fields, needs those that Codex needs, and knows which are experimental", () => {
  test.each(codexRows)("%s", (name, row) => {
    const codex = paramsDefinition(name);
    const shape = shapeOf(row.params);
    const fields = Object.keys(shape).filter((field) => !own[name]?.includes(field));
    expect({
      known: codexMethodNames.includes(name),
      struct: idOf(row.params),
      fields: fields.sort(),
      required: fields.filter((field) => !z.safeParse(shape[field] as z.ZodType, undefined).success),
      experimental: row.experimental ?? false,
      experimentalFields: [...(row.experimentalFields ?? [])].sort(),
    }).toEqual({
      known: true,
      struct: codex?.name,
      fields: codex?.fields ?? [],
      required: codex?.required ?? [],
      experimental: experimental.methods.includes(name),
      experimentalFields: experimental.fields[name] ?? [],
    });
  });
});

test.each(rows)("%s says in prose what it does, and its scope fits its params", (_name, row) => {
  expect(row.doc).toMatch(/^[A-Z].{10,}[.]$/);
  const { threadId } = shapeOf(row.params);
  if (row.scope === "thread") expect(threadId && !z.safeParse(threadId, undefined).success).toBe(true);
  if (row.scope === "workspace") expect(threadId && z.safeParse(threadId, undefined).success).toBe(true);
});

function struct(params: z.ZodType): z.ZodObject | undefined {
  if (params instanceof z.ZodOptional || params instanceof z.ZodNullable) return struct(params.unwrap() as z.ZodType);
  return params instanceof z.ZodObject ? params : undefined;
}

function shapeOf(params: z.ZodType): Record<string, z.core.$ZodType> {
  return struct(params)?.shape ?? {};
}

function idOf(params: z.ZodType): string | undefined {
  return struct(params)?.meta()?.id;
}
