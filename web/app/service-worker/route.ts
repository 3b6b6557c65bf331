/** Which requests the worker answers itself, and from where. Whatever is not named here goes to the server untouched. */

export type Route =
  /** The page itself: the server's if it comes in time, else the kept one. Null waits for the server as long as it takes. */
  | { type: "page"; waitMs: number | null }
  /** A file of the build: the kept one, for its name says its content. */
  | { type: "asset" }
  | { type: "network" };

interface Asked {
  method: string;
  mode: string;
  url: string;
}

/** `files`: the paths that this worker keeps. Nothing with an account's data is a file of the build. */
export function routeOf(
  { method, mode, url }: Asked,
  { origin, files, waitMs }: { origin: string; files: ReadonlySet<string>; waitMs: number },
): Route {
  const { origin: asked, pathname, searchParams } = new URL(url);
  if (method !== "GET" || asked !== origin) return { type: "network" };
  if (mode === "navigate") {
    if (pathname !== "/" && pathname !== "/index.html") return { type: "network" };
    // Who wants to sign in needs the server's page, however slow it is: the kept one cannot sign anybody in.
    return { type: "page", waitMs: searchParams.has("sign-in") ? null : waitMs };
  }
  // Also those of earlier versions: an open page asks for them.
  return pathname.startsWith("/assets/") || (pathname !== "/" && files.has(pathname)) ? { type: "asset" } : { type: "network" };
}

/** What stands before a server answers so where it cannot be reached. Everything else is the server's own word, also a refusal. */
export function isAway(status: number): boolean {
  return (status >= 502 && status <= 504) || (status >= 520 && status <= 530);
}

/** Whether an answer is the file that was asked for: not a page to sign in on, and not the page that stands for what is not there. */
export function isFile(
  path: string,
  { status, redirected, contentType }: { status: number; redirected: boolean; contentType: string },
) {
  return status === 200 && !redirected && contentType.startsWith("text/html") === (path === "/");
}
