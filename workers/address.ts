/** From where a request comes, as limits count it. */
import type { Context } from "hono";
import { isLoopback } from "./credentials/loopback.ts";

/** Who has a network of IPv6 addresses has one address here. Null: this machine, or a platform that does not say. */
export function addressOf(context: Pick<Context, "req">): string | null {
  const address = context.req.header("cf-connecting-ip");
  if (address === undefined || isLoopback(address)) return null;
  return address.includes(":") && !address.includes(".") ? networkOf(address) : address;
}

/** The first 64 bits, whatever is left out in the middle. */
function networkOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  return [...groups, ...Array<string>(missing).fill("0"), ...rest].slice(0, 4).join(":");
}
