/**
 * Which addresses a push may go to. A subscription names an address that this server then calls, so that only push services are called:
 * those of the browsers, and those that the operator names.
 */
import { pushLimits } from "#core/limits";

/** Chrome and its kin, Firefox, Safari, Edge on Windows. `*.` stands for any name below. */
const knownHosts = ["fcm.googleapis.com", "*.push.services.mozilla.com", "web.push.apple.com", "*.notify.windows.com"];

/** `moreHosts` as `readHosts` gives them. Null where it may be called, else why not, in words that repeat nothing of it. */
export function endpointProblem(endpoint: string, moreHosts: readonly string[]): string | null {
  if (endpoint.length > pushLimits.endpointCharactersMax)
    return `it is longer than ${pushLimits.endpointCharactersMax} characters`;
  const url = URL.parse(endpoint);
  if (url === null) return "it is no URL";
  if (url.username !== "" || url.password !== "" || url.hash !== "") return "it holds more than an address";
  if (url.protocol === "http:" && isLoopback(url.hostname) && moreHosts.includes(url.host)) return null;
  if (url.protocol !== "https:") return "it must be https";
  const isKnown = [...knownHosts, ...moreHosts].some((pattern) => fits(url.host, pattern));
  return isKnown ? null : "its host is no push service that is known here";
}

/** `SPINDLE_PUSH_HOSTS`: names with commas between, `*.` in front for all below, a port where it is not 443. */
export function readHosts(setting: string): string[] {
  return setting
    .split(",")
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== "");
}

/** `host` has no port where it is the usual one. */
function fits(host: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern;
}

/** This machine, as in tests: nobody listens in between. */
function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
}
