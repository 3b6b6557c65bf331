/** The operator's doors to an account's flags. `npm run flags` knocks here. A turn hears of a change within a minute. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { defaultFlags, type Flags, flagNames, flagsKey, flagTable, isFlag, readSetFlags } from "#core/flags";
import { accessLimits } from "#core/limits";
import { authenticateOperator, type Door } from "./authentication.ts";
import { accountOfSubject } from "./credentials/account.ts";

/** Example: `{"account":"alice","flag":"memory","value":false}`; null takes back what was set. */
const order = z.object({ account: z.string(), flag: z.string(), value: z.boolean().nullable() });

export const flagRoutes = new Hono<Door>();

flagRoutes.get("/flags", authenticateOperator, async (context) => {
  const account = accountOfSubject(context.req.query("account") ?? "");
  if (account === null) return context.text("whose flags? ?account=NAME", 400);
  context.header("cache-control", "no-store");
  return context.json({ data: shown(readSetFlags(await context.env.FLAGS.get(flagsKey(account)))) });
});

/** Two operators who set two flags of one account within a second may lose one of them: the answer says what stands. */
flagRoutes.put("/flags", authenticateOperator, bodyLimit({ maxSize: accessLimits.bodyBytesMax }), async (context) => {
  const parsed = order.safeParse(await context.req.json().catch(() => null));
  if (!parsed.success) return context.text(z.prettifyError(parsed.error), 400);
  const account = accountOfSubject(parsed.data.account);
  if (account === null) return context.text(`an account has 1 to ${accessLimits.subjectBytesMax} bytes`, 400);
  const { flag, value } = parsed.data;
  if (!isFlag(flag)) return context.text(`there is no flag ${flag.slice(0, 64)}; there are ${flagNames.join(", ")}`, 404);
  const { [flag]: _, ...others } = readSetFlags(await context.env.FLAGS.get(flagsKey(account)));
  const set: Partial<Flags> = value === null ? others : { ...others, [flag]: value };
  if (Object.keys(set).length === 0) await context.env.FLAGS.delete(flagsKey(account));
  else await context.env.FLAGS.put(flagsKey(account), JSON.stringify(set));
  context.header("cache-control", "no-store");
  return context.json({ data: shown(set) });
});

function shown(set: Partial<Flags>) {
  return flagNames.map((name) => ({
    flag: name,
    value: set[name] ?? defaultFlags[name],
    isSet: set[name] !== undefined,
    doc: flagTable[name].doc,
  }));
}
