/**
 * Who may come in, as the operator's environment says it (docs/credentials.md). Pure: the launcher reads the same before it starts, and
 * the Worker refuses everything while something is wrong here, because a door that was meant to be locked must not stand open.
 */
import { accessLimits } from "#core/limits";

export interface CredentialSettings {
  /** A token for the account `local`. */
  token: string | null;
  /** Who makes, lists and revokes tokens; no account. */
  operatorToken: string | null;
  /** Who reads `/metrics`, and nothing else. */
  metricsToken: string | null;
  signedBearer: SignedBearerSettings | null;
  access: AccessSettings | null;
  /** Besides the server's own. */
  allowedOrigins: string[];
  /** Nothing of the above is asked for: this machine is served, without a credential, and no other. */
  isOpen: boolean;
}

export interface SignedBearerSettings {
  secret: string;
  issuer: string | null;
  audience: string | null;
  clockSkewSeconds: number;
}

export interface AccessSettings {
  /** Example: `https://team.cloudflareaccess.com`; it is also the issuer. */
  teamUrl: string;
  audience: string;
  clockSkewSeconds: number;
}

type Variables = Readonly<Record<string, unknown>>;

/** Or the first thing that is wrong, as a sentence for the operator; it repeats no secret. */
export function readSettings(environment: object): CredentialSettings | { problem: string } {
  const variable = (name: string) => {
    const value = (environment as Variables)[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
  };
  const secret = variable("SPINDLE_JWT_SECRET");
  const issuer = variable("SPINDLE_JWT_ISSUER");
  const audience = variable("SPINDLE_JWT_AUDIENCE");
  const skew = variable("SPINDLE_JWT_CLOCK_SKEW_SECONDS");
  const operatorToken = variable("SPINDLE_OPERATOR_TOKEN");
  const team = variable("SPINDLE_ACCESS_TEAM_DOMAIN");
  const accessAudience = variable("SPINDLE_ACCESS_AUDIENCE");
  const token = variable("SPINDLE_TOKEN");
  const metricsToken = variable("SPINDLE_METRICS_TOKEN");

  const least = accessLimits.secretBytesMin;
  if (secret !== null && byteLength(secret) < least) return { problem: `SPINDLE_JWT_SECRET needs at least ${least} bytes.` };
  if (secret === null && (issuer ?? audience) !== null) {
    return { problem: "SPINDLE_JWT_ISSUER and SPINDLE_JWT_AUDIENCE say nothing without SPINDLE_JWT_SECRET." };
  }
  if (operatorToken !== null && byteLength(operatorToken) < least) {
    return { problem: `SPINDLE_OPERATOR_TOKEN needs at least ${least} bytes.` };
  }
  if (operatorToken !== null && operatorToken === token) {
    return { problem: "SPINDLE_OPERATOR_TOKEN and SPINDLE_TOKEN must differ: one makes tokens, the other uses threads." };
  }
  if (metricsToken !== null && byteLength(metricsToken) < least) {
    return { problem: `SPINDLE_METRICS_TOKEN needs at least ${least} bytes.` };
  }
  if (metricsToken !== null && (metricsToken === token || metricsToken === operatorToken)) {
    return { problem: "SPINDLE_METRICS_TOKEN must differ from the other tokens: it stands in the configuration of a scraper." };
  }
  const most = accessLimits.clockSkewSecondsMax;
  const clockSkewSeconds = skew === null ? accessLimits.clockSkewSecondsDefault : Number(skew);
  if (!Number.isInteger(clockSkewSeconds) || clockSkewSeconds < 0 || clockSkewSeconds > most) {
    return { problem: `SPINDLE_JWT_CLOCK_SKEW_SECONDS must be a whole number from 0 to ${most}.` };
  }
  if ((team === null) !== (accessAudience === null)) {
    return { problem: "SPINDLE_ACCESS_TEAM_DOMAIN and SPINDLE_ACCESS_AUDIENCE belong together." };
  }
  const teamUrl = team === null ? null : teamUrlOf(team);
  if (team !== null && teamUrl === null) {
    return { problem: "SPINDLE_ACCESS_TEAM_DOMAIN must look like team.cloudflareaccess.com." };
  }
  const allowedOrigins = (variable("SPINDLE_ALLOWED_ORIGINS") ?? "").split(/[\s,]+/).filter((origin) => origin !== "");
  const noOrigin = allowedOrigins.find((origin) => URL.parse(origin)?.origin !== origin);
  if (noOrigin !== undefined) {
    return { problem: `SPINDLE_ALLOWED_ORIGINS has ${noOrigin}, which is no origin; one looks like https://spindle.example.` };
  }

  const signedBearer = secret === null ? null : { secret, issuer, audience, clockSkewSeconds };
  const access = teamUrl === null || accessAudience === null ? null : { teamUrl, audience: accessAudience, clockSkewSeconds };
  const isOpen = token === null && operatorToken === null && signedBearer === null && access === null;
  return { token, operatorToken, metricsToken, signedBearer, access, allowedOrigins, isOpen };
}

/** Keys come over TLS, or from this machine, as in tests. */
function teamUrlOf(team: string): string | null {
  const url = URL.parse(/^https?:\/\//.test(team) ? team : `https://${team}`);
  if (url === null || url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") return null;
  if (url.protocol !== "https:" && url.hostname !== "127.0.0.1") return null;
  return url.origin;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
