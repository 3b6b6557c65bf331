/** The account's configuration: written by its clients, read back by them, and the beginning of its threads. */
import * as z from "zod";
import { method, struct, text } from "./method.ts";

/** Any JSON, and it has to be there: null takes a key away, nothing at all would be a mistake. */
const value = z.custom<unknown>((given) => given !== undefined);
const mergeStrategy = z.enum(["replace", "upsert"]);

/** Example: `{"type":"user","file":"/spindle/config.toml","profile":null}` */
const layerSource = z.object({ type: z.literal("user"), file: z.string(), profile: z.null() });
export const layerMetadata = z.object({ name: layerSource, version: z.string() });
export const configLayer = layerMetadata.extend({ config: z.record(z.string(), z.unknown()) });

const written = z.object({
  status: z.literal("ok"),
  version: z.string(),
  filePath: z.string(),
  overriddenMetadata: z.null(),
});

const concurrency = "With `expectedVersion` it is refused (`configVersionConflict`) where somebody wrote meanwhile.";

export const configMethods = {
  "config/value/write": method({
    doc: `Writes one value of the account's configuration, durably: \`keyPath\` is keys with dots between, \`"quoted"\` where one holds dots; null takes the key away; \`upsert\` merges tables. ${concurrency} \`model\`, \`approval_policy\`, \`model_reasoning_effort\`, \`model_reasoning_summary\`, \`personality\`, \`decision_mode\` (\`off\`, \`observe\` or \`steer\`), \`instructions\` and \`developer_instructions\` begin every later thread that does not say otherwise; all else is kept for the clients. At most 64 KiB in all.`,
    scope: "directory",
    params: struct("ConfigValueWriteParams", {
      keyPath: z.string(),
      value,
      mergeStrategy,
      filePath: text,
      expectedVersion: text,
    }),
    result: written,
  }),

  "config/batchWrite": method({
    doc: `Writes several values, all or none, like \`config/value/write\`. ${concurrency} Threads that are begun keep their settings, also with \`reloadUserConfig\`.`,
    scope: "directory",
    params: struct("ConfigBatchWriteParams", {
      edits: z.array(struct("ConfigEdit", { keyPath: z.string(), value, mergeStrategy })),
      filePath: text,
      expectedVersion: text,
      reloadUserConfig: z.boolean().default(false),
    }),
    result: written,
  }),
};
