/** The part of the platform's `SqlStorage` that the house uses. The objects give their own; tests give Node's SQLite. */
export interface Sql {
  exec<Row extends Record<string, ArrayBuffer | string | number | null>>(
    query: string,
    ...bindings: unknown[]
  ): { toArray(): Row[]; one(): Row } & Iterable<Row>;
}
