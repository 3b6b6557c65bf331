/** What the server said that a next request may need: without ids that exist nearly every request would end at "not found". */

/** The newest are the most interesting. */
const pool = new Map<string, unknown[]>();
const valuesPerFieldMax = 40;

/** The workspace of a thread is asked about by path: all threads have this root. */
const root = "/workspace";

/** Remembers every id in what the server says, under the names by which requests ask for it. */
export function learn(value: unknown, holder = ""): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === "string" && inner !== "") {
      if (key === "id" && (holder === "thread" || holder === "turn" || holder === "item")) keep(`${holder}Id`, inner);
      else if (/Id$|^cursor$|Cursor$/.test(key)) keep(key.endsWith("Cursor") ? "cursor" : key, inner);
    }
    learn(inner, Array.isArray(value) ? holder : key);
  }
}

function keep(field: string, value: unknown): void {
  const values = pool.get(field) ?? [];
  if (!values.includes(value)) values.push(value);
  if (values.length > valuesPerFieldMax) values.shift();
  pool.set(field, values);
}

export function known(field: string): unknown[] {
  switch (field) {
    case "cwd":
      return [root];
    case "path":
    case "sourcePath":
    case "destinationPath":
      return [root, `${root}/a.txt`, `${root}/src/b.txt`, `${root}/src`];
    case "input":
      return inputs;
    case "ephemeral":
      return [false];
    // Never more than a moment: the check asks for thousands of them.
    case "timeoutMs":
      return [50, null];
    case "command":
      return [["ls"], "ls", "echo hi > a.txt", ["cat", "a.txt"]];
    case "expectedTurnId":
    case "beforeTurnId":
    case "lastTurnId":
      return pool.get("turnId") ?? [];
    case "id":
      return [];
    default:
      return pool.get(field) ?? [];
  }
}

export const inputs = [
  "say hi",
  "count 5",
  "write a.txt: alpha",
  "run echo hi > src/b.txt",
  "run sleep 0.05; ls",
  "delete a.txt",
  "fail 500",
  "think so",
].map((text) => [{ type: "text", text, text_elements: [] }]);
