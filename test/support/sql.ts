/** A Durable Object's synchronous SQL, on Node's own SQLite, so that a store can be tested without workerd. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** What workerd gives back and takes: a blob is an `ArrayBuffer`, never a `Uint8Array`. */
export type SqlValue = ArrayBuffer | string | number | null;

export interface SqlCursor<Row> extends Iterable<Row> {
  toArray(): Row[];
  /** The only row; throws unless there is exactly one, as workerd does. */
  one(): Row;
  readonly rowsWritten: number;
}

export interface TestSql {
  /** Several statements in one string are allowed when there are no bindings, as for a schema. */
  exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: unknown[]): SqlCursor<Row>;
}

export interface TestStorage {
  sql: TestSql;
  /** Runs `work` in one transaction (a savepoint when already inside one); whatever it throws rolls it back. */
  transactionSync<Result>(work: () => Result): Result;
}

/** A fresh in-memory database, or the file at `path`, so that a test can close it and wake up again. */
export function createSql(path = ":memory:"): TestStorage {
  const database = new DatabaseSync(path);
  let depth = 0;
  return {
    sql: {
      exec<Row extends Record<string, SqlValue>>(query: string, ...bindings: unknown[]): SqlCursor<Row> {
        if (bindings.length === 0 && isScript(query)) {
          database.exec(query);
          return cursor<Row>([], 0);
        }
        const before = totalChanges(database);
        const rows = database.prepare(query).all(...bindings.map(bound)) as Record<string, unknown>[];
        return cursor(
          rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, unbound(value)])) as Row),
          totalChanges(database) - before,
        );
      },
    },
    transactionSync(work) {
      const savepoint = `level_${depth}`;
      database.exec(`SAVEPOINT ${savepoint}`);
      depth += 1;
      try {
        const result = work();
        database.exec(`RELEASE ${savepoint}`);
        return result;
      } catch (failure) {
        // Nothing of a failed transaction may stay; the failure itself is the caller's.
        database.exec(`ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
        throw failure;
      } finally {
        depth -= 1;
      }
    },
  };
}

function cursor<Row>(rows: Row[], rowsWritten: number): SqlCursor<Row> {
  return {
    rowsWritten,
    toArray: () => rows,
    one() {
      const [row] = rows;
      if (rows.length !== 1 || row === undefined)
        throw new Error(`Expected exactly one result from SQL query, but got ${rows.length}`);
      return row;
    },
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}

/** Triggers carry semicolons inside; so a script is what has anything after its first complete statement, or begins with CREATE. */
function isScript(query: string): boolean {
  return /^\s*(--.*\n\s*)*create\b/i.test(query) || /;\s*\S/.test(query);
}

function totalChanges(database: DatabaseSync): number {
  return Number((database.prepare("SELECT total_changes() AS changes").get() as { changes: number }).changes);
}

function bound(value: unknown): SQLInputValue {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  // workerd binds undefined as NULL and refuses booleans, objects and bigint; so does this shim.
  if (value === undefined) return null;
  if (value === null || typeof value === "string" || typeof value === "number" || ArrayBuffer.isView(value))
    return value as SQLInputValue;
  throw new TypeError(`a Durable Object's SQL cannot bind a ${typeof value}`);
}

function unbound(value: unknown): SqlValue {
  if (value instanceof Uint8Array) return value.slice().buffer as ArrayBuffer;
  return value as SqlValue;
}
