/** The name under which a repository follows its threads, as connections follow them for people. */

const prefix = "github:";

export function repositoryConnection(repositoryId: number): string {
  return `${prefix}${repositoryId}`;
}

/** The repository of such a name; null for every other connection. */
export function repositoryOfConnection(connection: string): number | null {
  return connection.startsWith(prefix) ? Number(connection.slice(prefix.length)) : null;
}
