/** The account's configuration: one row, and a version that is a hash of what it says. */
import { createHash } from "node:crypto";
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";
import { setAt } from "#directory/config-edit";
import { problemOfConfig } from "#protocol/config";
import { Refusal, refusals } from "#protocol/errors";
import { problemOfServers, withKeptSecrets } from "#protocol/mcp-server";
import type { Params, Result } from "#protocol/methods";

export function createConfigSchema(sql: Sql): void {
  sql.exec("CREATE TABLE IF NOT EXISTS config (id INTEGER PRIMARY KEY CHECK (id = 0), value TEXT NOT NULL) STRICT");
}

type Table = Record<string, unknown>;
type Edit = Params<"config/batchWrite">["edits"][number];

export class AccountConfig {
  private readonly sql: Sql;
  private readonly addressProblem: (url: string) => string | null;

  /** `addressProblem` says why an MCP server's address may not be called; null where it may. */
  constructor(sql: Sql, addressProblem: (url: string) => string | null) {
    this.sql = sql;
    this.addressProblem = addressProblem;
  }

  /** What the account's clients wrote; what the server itself says where they did not is the connection's to add. */
  read({ includeLayers }: Params<"config/read">): Result<"config/read"> {
    const config = this.load();
    const layer = { name: { type: "user", file: configFile, profile: null }, version: versionOf(config) } as const;
    return {
      config,
      origins: Object.fromEntries(leafPaths(config).map((path) => [path, layer])),
      layers: includeLayers ? [{ ...layer, config }] : null,
    };
  }

  writeValue({ keyPath, value, mergeStrategy, ...rest }: Params<"config/value/write">): Result<"config/value/write"> {
    return this.write([{ keyPath, value, mergeStrategy }], rest);
  }

  writeBatch({ edits, ...rest }: Params<"config/batchWrite">): Result<"config/batchWrite"> {
    return this.write(edits, rest);
  }

  private write(
    edits: Edit[],
    { filePath, expectedVersion }: Pick<Params<"config/batchWrite">, "filePath" | "expectedVersion">,
  ): Result<"config/batchWrite"> {
    if (filePath != null && filePath !== configFile) {
      throw new Refusal(refusals.configWrite("configLayerReadonly", "Only writes to the user config are allowed"));
    }
    const before = this.load();
    if (expectedVersion != null && expectedVersion !== versionOf(before)) {
      const message = "Configuration was modified since last read. Fetch latest version and retry.";
      throw new Refusal(refusals.configWrite("configVersionConflict", message));
    }
    if (edits.length > limits.configEditsMax) throw invalid(`at most ${limits.configEditsMax} edits at once`);
    const edited = edits.reduce<Table>((table, { keyPath, value, mergeStrategy }) => {
      const set = setAt(table, keyPath, value, mergeStrategy);
      if ("problem" in set) throw invalid(set.problem);
      return set.table;
    }, before);
    const config = withKeptSecrets(edited, before);
    const problem =
      problemOfConfig(config) ??
      (config.mcp_servers === undefined ? null : problemOfServers(config.mcp_servers, this.addressProblem));
    if (problem !== null) throw invalid(`Invalid configuration: ${problem}`);
    const text = JSON.stringify(config);
    if (new TextEncoder().encode(text).length > limits.configBytesMax) {
      throw invalid(`Invalid configuration: it may hold ${limits.configBytesMax} bytes`);
    }
    this.sql.exec("INSERT INTO config (id, value) VALUES (0, ?1) ON CONFLICT (id) DO UPDATE SET value = ?1", text);
    return { status: "ok", version: versionOf(config), filePath: configFile, overriddenMetadata: null };
  }

  private load(): Table {
    const [row] = this.sql.exec<{ value: string }>("SELECT value FROM config").toArray();
    // This class wrote the text itself.
    return row ? (JSON.parse(row.value) as Table) : {};
  }
}

/** There is no such file. It is the name under which clients know what they wrote. */
const configFile = "/spindle/config.toml";

function invalid(message: string): Refusal {
  return new Refusal(refusals.configWrite("configValidationError", message));
}

/** The same for the same content, in whatever order it was written. */
function versionOf(config: Table): string {
  return `sha256:${createHash("sha256")
    .update(JSON.stringify(sorted(config)))
    .digest("hex")}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isTable(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

/** Every value that is no table, by its keys with dots between. */
function leafPaths(table: Table): string[] {
  return Object.entries(table).flatMap(([key, value]) =>
    isTable(value) ? leafPaths(value).map((below) => `${key}.${below}`) : [key],
  );
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
