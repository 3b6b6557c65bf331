/** One member of a message made wrong, as a careless or a hostile client would. */
import type { Random } from "../../support/random.ts";

export function mutate(message: Record<string, unknown>, random: Random): unknown {
  const copy = structuredClone(message);
  const places = placesIn(copy);
  const { holder, key } = random.pick(places);
  const members = holder as Record<string | number, unknown>;
  switch (random.below(6)) {
    case 0:
      delete members[key];
      break;
    case 1:
      members[`${key}x`] = members[key];
      break;
    case 2:
      members[key] = nested(random.pick([10, 100, 127, 200]));
      break;
    case 3:
      members[key] = [members[key]];
      break;
    case 4:
      // Own members of these names, as JSON.parse makes them; assignment would change the prototype of the message instead.
      Object.defineProperty(copy, random.pick(["__proto__", "constructor", "toString"]), { value: { a: 1 }, enumerable: true });
      break;
    default:
      members[key] = random.pick(wrong);
  }
  return copy;
}

/** Text that is no message at all, or nearly one. */
export function garbage(random: Random): string {
  return random.pick([
    "",
    "null",
    "[]",
    "{",
    "\u0000",
    '"text"',
    "[[[[".repeat(1000),
    '[{"id":1,"method":"model/list","params":{}}]',
    '{"id":null,"method":"model/list","params":{}}',
    '{"id":1.5,"method":"model/list","params":{}}',
    '{"result":{}}',
    '{"id":{},"result":1}',
    '{"method":7}',
    "{'id':1}",
  ]);
}

const wrong: unknown[] = [
  null,
  true,
  -1,
  1.5,
  9e99,
  Number.MAX_SAFE_INTEGER,
  "",
  "\ud800",
  "' OR 1=1 --",
  "NEAR(a b) OR *",
  "../../etc/passwd",
  "01a1fb3d-6c6f-73b3-9300-f3179a7b44f3",
  "y".repeat(100_000),
  [],
  {},
  [null, [], {}],
  { type: "no such variant" },
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Every member of the message, at any depth, but its id: an answer has to find its way back. */
function placesIn(value: object, isTop = true): { holder: object; key: string }[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if (isTop && key === "id") return [];
    const deeper = typeof inner === "object" && inner !== null ? placesIn(inner, false) : [];
    return [{ holder: value, key }, ...deeper];
  });
}
