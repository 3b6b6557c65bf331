/** The shells in the browser's storage: kept whole, looked up, tidied. */
import { workerLimits } from "./limits.ts";
import { isFile } from "./route.ts";
import { isShell, shellName, shellsToForget } from "./shell-names.ts";

/** Given by the build: see `../build-worker.ts`. */
export interface Build {
  /** Another whenever any file is. */
  version: string;
  /** `/` is the page. */
  paths: string[];
}

/** Rejects when a file is not to be had, or is of another version: then nothing of it is kept, and the browser tries again later. */
export async function keepShell({ version, paths }: Build): Promise<void> {
  const name = shellName(version);
  const shell = await caches.open(name);
  try {
    await Promise.all(paths.map(async (path) => shell.put(path, await fileOf(path, version))));
  } catch (error) {
    await caches.delete(name);
    throw error;
  }
  await tidy(name, false);
}

/** Pages are served from it from now on. */
export async function useShell({ version }: Build): Promise<void> {
  const name = shellName(version);
  await (await caches.open(name)).put(usedMark, new Response());
  await tidy(name, true);
}

export async function keptPage({ version }: Build): Promise<Response | undefined> {
  return (await caches.open(shellName(version))).match("/");
}

/** This version's, or what an earlier one has under a name that says its content. */
export async function keptFile({ version }: Build, path: string): Promise<Response | undefined> {
  const own = await (await caches.open(shellName(version))).match(path);
  return own ?? (isHashed(path) ? keptAnywhere(path) : undefined);
}

async function fileOf(path: string, version: string): Promise<Response> {
  const known = isHashed(path) ? await keptAnywhere(path) : undefined;
  if (known) return known;
  const response = await fetch(path, { cache: "no-cache", credentials: "same-origin" });
  const { status, redirected, headers } = response;
  if (!isFile(path, { status, redirected, contentType: headers.get("content-type") ?? "" })) {
    throw new Error(`the server gives no ${path} (${status})`);
  }
  // In the middle of a deployment the page may be newer than this worker.
  if (path === "/" && !(await response.clone().text()).includes(`content="${version}"`))
    throw new Error("the page is of another version");
  return response;
}

async function keptAnywhere(path: string): Promise<Response | undefined> {
  for (const name of (await caches.keys()).filter(isShell)) {
    const found = await (await caches.open(name)).match(path);
    if (found) return found;
  }
  return undefined;
}

async function tidy(own: string, isUsedNow: boolean): Promise<void> {
  const shells = (await caches.keys()).filter(isShell).map(async (name) => {
    return { name, wasUsed: (await (await caches.open(name)).match(usedMark)) !== undefined };
  });
  const gone = shellsToForget(await Promise.all(shells), own, { earlierMax: workerLimits.earlierShellsMax, isUsedNow });
  await Promise.all(gone.map((name) => caches.delete(name)));
}

/** No file of the build. */
const usedMark = "/used";

function isHashed(path: string): boolean {
  return path.startsWith("/assets/");
}
