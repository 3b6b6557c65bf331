/** Whether this browser can ring, and how it is called in the list of devices. Pure. */
import { installedLimits } from "./limits.ts";

export interface BrowserTraits {
  hasWorker: boolean;
  hasPush: boolean;
  permission: NotificationPermission | null;
  userAgent: string;
  /** Fingers of its screen: an iPad says that it is a Mac. */
  touchPointsMax: number;
  isInstalled: boolean;
}

export type PushSupport =
  | "ready"
  /** Somebody said no, and only the browser's own settings take that back. */
  | "blocked"
  /** iOS rings for what stands on the home screen, and for nothing else. */
  | "needsInstall"
  | "unsupported";

export function pushSupport(traits: BrowserTraits): PushSupport {
  const { hasWorker, hasPush, permission, isInstalled } = traits;
  if (isIos(traits) && !isInstalled) return "needsInstall";
  if (!hasWorker || !hasPush || permission === null) return "unsupported";
  return permission === "denied" ? "blocked" : "ready";
}

/** Example: `Chrome on Android`. */
export function deviceName(traits: Pick<BrowserTraits, "userAgent" | "touchPointsMax">): string {
  const { userAgent } = traits;
  const browser = /Edg/.test(userAgent)
    ? "Edge"
    : /Firefox|FxiOS/.test(userAgent)
      ? "Firefox"
      : /Chrom|CriOS/.test(userAgent)
        ? "Chrome"
        : /Safari/.test(userAgent)
          ? "Safari"
          : "A browser";
  const system = isIos(traits) ? (/iPhone/.test(userAgent) ? "iPhone" : "iPad") : systemOf(userAgent);
  return `${browser}${system === null ? "" : ` on ${system}`}`.slice(0, installedLimits.deviceCharactersMax);
}

function systemOf(userAgent: string): string | null {
  const systems = { Android: /Android/, Windows: /Windows/, macOS: /Mac OS X/, ChromeOS: /CrOS/, Linux: /Linux/ };
  return Object.entries(systems).find(([, mark]) => mark.test(userAgent))?.[0] ?? null;
}

function isIos({ userAgent, touchPointsMax }: Pick<BrowserTraits, "userAgent" | "touchPointsMax">): boolean {
  return /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPointsMax > 1);
}
