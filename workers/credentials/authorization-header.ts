/** `Authorization: Bearer …` */
import type { Failure } from "./failure.ts";

/** As the real server reads it: one space, any case of the scheme, spaces around the token do not count. */
export function bearerOf(authorization: string | undefined): { token: string } | { failure: Failure } {
  if (authorization === undefined) return { failure: { type: "missing" } };
  const [, scheme = "", token = ""] = /^([^ ]*) (.*)$/s.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== "bearer" || token.trim() === "") return { failure: { type: "malformedHeader" } };
  return { token: token.trim() };
}
