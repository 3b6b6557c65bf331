/** The table: every method Spindle serves. Types, validation, the handler map and the reference docs are read off it. */
import type * as z from "zod";
import { accountAndConfigMethods } from "./account-and-config-methods.ts";
import { accountLimitsMethods } from "./account-limits-methods.ts";
import { accountSessionMethods } from "./account-session-methods.ts";
import { addOnMethods } from "./add-on-methods.ts";
import { catalogMethods } from "./catalog-methods.ts";
import { commandExecMethods } from "./command-exec-methods.ts";
import { configMethods } from "./config-methods.ts";
import { decisionTreeMethods } from "./decision-tree-methods.ts";
import { environmentMethods } from "./environment-methods.ts";
import { fileSearchMethods } from "./file-search-methods.ts";
import { fsMethods } from "./fs-methods.ts";
import { goalMethods } from "./goal-methods.ts";
import { mcpMethods } from "./mcp-methods.ts";
import { memoryMethods } from "./memory-methods.ts";
import type { Scope } from "./method.ts";
import { providerMethods } from "./provider-methods.ts";
import { pushMethods } from "./push-methods.ts";
import { queueMethods } from "./queue-methods.ts";
import { readStateMethods } from "./read-state-methods.ts";
import { searchMethods } from "./search-methods.ts";
import { sectionMethods } from "./section-methods.ts";
import { threadExportMethods } from "./thread-export-methods.ts";
import { threadHistoryMethods } from "./thread-history-methods.ts";
import { threadMethods } from "./thread-methods.ts";
import { threadSettingsMethods } from "./thread-settings-methods.ts";
import { turnMethods } from "./turn-methods.ts";
import { watchMethods } from "./watch-methods.ts";
import { webhookMethods } from "./webhook-methods.ts";

export const methods = {
  ...accountAndConfigMethods,
  ...threadMethods,
  ...threadHistoryMethods,
  ...threadSettingsMethods,
  ...turnMethods,
  ...queueMethods,
  ...readStateMethods,
  ...goalMethods,
  ...decisionTreeMethods,
  ...memoryMethods,
  ...pushMethods,
  ...accountLimitsMethods,
  ...webhookMethods,
  ...threadExportMethods,
  ...sectionMethods,
  ...searchMethods,
  ...fsMethods,
  ...addOnMethods,
  ...mcpMethods,
  ...commandExecMethods,
  ...fileSearchMethods,
  ...watchMethods,
  ...configMethods,
  ...providerMethods,
  ...accountSessionMethods,
  ...catalogMethods,
  ...environmentMethods,
};

export type MethodName = keyof typeof methods;
/** What a handler gets: parsed, defaults filled in. */
export type Params<Name extends MethodName> = z.infer<(typeof methods)[Name]["params"]>;
/** What a client may send. */
export type ParamsInput<Name extends MethodName> = z.input<(typeof methods)[Name]["params"]>;
export type Result<Name extends MethodName> = z.infer<(typeof methods)[Name]["result"]>;

/** A request that was read: its method is served and its params fit. */
export type Request = { [Name in MethodName]: { method: Name; params: Params<Name> } }[MethodName];

export function isServed(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

export function scopeOf(name: MethodName): Scope {
  return methods[name].scope;
}
