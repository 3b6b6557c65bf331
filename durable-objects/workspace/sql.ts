/** The part of `SqlStorage` that the workspace uses; the object gives it its own, the tests Node's SQLite. */
export interface Sql {
  exec<Row extends Record<string, ArrayBuffer | string | number | null>>(
    query: string,
    ...bindings: unknown[]
  ): { toArray(): Row[]; one(): Row };
}
