/**
 * Which addresses may be called that a client names: names of the public DNS over TLS, and this machine where the server serves no other. Nothing
 * within a network is called.
 */

/** What no public DNS serves: RFC 6761, 6762, 8375, 9476, and what networks call themselves. */
const privateEndings = "localhost local localdomain internal intranet private home lan corp arpa test invalid onion alt".split(
  " ",
);

/** Null where it may be called, else why not, in words that repeat nothing of it. */
export function addressProblem(address: string, { servesThisMachineOnly }: { servesThisMachineOnly: boolean }): string | null {
  const url = URL.parse(address);
  if (url === null) return "it is no URL";
  if (url.username !== "" || url.password !== "" || url.hash !== "") return "it holds more than an address";
  if (servesThisMachineOnly && isThisMachine(url.hostname) && /^https?:$/.test(url.protocol)) return null;
  if (url.protocol !== "https:") return "it must be https";
  // `URL` gives every spelling of an IPv4 address, hexadecimal or one number, as four decimals.
  if (/^\[|^[\d.]+$/.test(url.hostname)) return "its host must be a name";
  const labels = url.hostname.replace(/\.$/, "").split(".");
  const isPublic = labels.length > 1 && !privateEndings.includes(labels.at(-1) ?? "");
  return isPublic ? null : "its host must be a name of the public DNS";
}

/** As `isOpen` of the front door's settings says it: nothing is asked for, so that nobody but this machine comes in. */
export function servesThisMachineOnly(environment: object): boolean {
  const settings = environment as Record<string, unknown>;
  const doors = ["SPINDLE_TOKEN", "SPINDLE_OPERATOR_TOKEN", "SPINDLE_JWT_SECRET", "SPINDLE_ACCESS_TEAM_DOMAIN"];
  return doors.every((name) => typeof settings[name] !== "string" || settings[name].trim() === "");
}

function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
