/** Two descriptions of the same message, member by member, all the way down. */
import type { Json } from "./definitions.ts";

export interface Shape {
  schema: Json;
  definitions: Record<string, Json>;
  /** A shape with a name that is compared by itself, and not again wherever it is used. It also ends recursion. */
  stopsAt(name: string): boolean;
}

/** Which of our members are not the same in Codex's shape. Paths as in `data[].item(userMessage).content`. */
export interface Differences {
  /** It has to be there in theirs, and ours does not know it. */
  missing: string[];
  /** It may be there in theirs, and ours does not know it. */
  unknown: string[];
  /** Only ours knows it. */
  own: string[];
  /** Ours needs it, theirs does not. */
  needed: string[];
  /** Ours may leave it out, theirs needs it. */
  spared: string[];
}

export function differencesOf(ours: Shape, theirs: Shape): Differences {
  const [our, their] = [pathsOf(ours), pathsOf(theirs)];
  // What one side does not describe further is not compared further.
  const isComparable = (path: string, other: Paths) => other.described.has(parentOf(path));
  const only = (one: Paths, other: Paths) => [...one.all].filter((path) => !other.all.has(path) && isComparable(path, other));
  const unmatched = only(their, our);
  return {
    missing: unmatched.filter((path) => their.required.has(path)),
    unknown: unmatched.filter((path) => !their.required.has(path)),
    own: only(our, their),
    needed: [...our.required].filter((path) => their.all.has(path) && !their.required.has(path)),
    spared: [...their.required].filter((path) => our.all.has(path) && !our.required.has(path)),
  };
}

interface Paths {
  all: Set<string>;
  required: Set<string>;
  /** Places whose members are described. */
  described: Set<string>;
}

function pathsOf({ schema, definitions, stopsAt }: Shape): Paths {
  const paths: Paths = { all: new Set(), required: new Set(), described: new Set() };
  walk(schema, "", true);
  return paths;

  /** `isCertain`: not inside one of several untagged options, of which only one has to fit. */
  function walk(part: Json, path: string, isCertain: boolean): void {
    if (typeof part.$ref === "string") {
      const name = part.$ref.slice(part.$ref.lastIndexOf("/") + 1);
      if (!stopsAt(name)) walk(definitions[name] ?? {}, path, isCertain);
      return;
    }
    const properties = (part.properties as Record<string, Json> | undefined) ?? {};
    const tag = tagOf(properties);
    const here = tag === undefined ? path : `${path}(${tag})`;
    for (const [name, member] of Object.entries(properties)) {
      paths.described.add(here);
      const at = here === "" ? name : `${here}.${name}`;
      paths.all.add(at);
      if (isCertain && (part.required as string[] | undefined)?.includes(name)) paths.required.add(at);
      walk(member, at, isCertain);
    }
    for (const inner of (part.allOf as Json[] | undefined) ?? []) walk(inner, here, isCertain);
    const options = ((part.anyOf ?? part.oneOf) as Json[] | undefined) ?? [];
    const objects = options.flatMap(({ properties }) => (properties ? [properties as Record<string, Json>] : []));
    const isUntagged = objects.length > 1 && objects.some((properties) => tagOf(properties) === undefined);
    for (const option of options) walk(option, here, isCertain && !isUntagged);
    if (part.items) walk(part.items as Json, `${here}[]`, isCertain);
  }
}

/** `type` where it names one variant of a union. */
function tagOf({ type }: Record<string, Json>): string | undefined {
  const only = Array.isArray(type?.enum) && type.enum.length === 1 ? type.enum[0] : type?.const;
  return typeof only === "string" ? only : undefined;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("."), 0));
}
