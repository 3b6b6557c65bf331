/** Why a first socket failed: a WebSocket says nothing of it, plain HTTP does. */
export async function whyUnreachable(url: string, token: string | null): Promise<string> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const address = url.replace(/^ws/, "http");
  const health = await fetch(new URL("/healthz", address)).catch(() => null);
  const page = health && (await fetch(address, { headers }).catch(() => null));
  if (!health) return `There is no Spindle server at ${url}. Start one with: npm start`;
  if (page?.status === 401)
    return `The server at ${url} wants another token. Give it with --token or the variable SPINDLE_TOKEN.`;
  return `What answers at ${url} does not speak the app server's protocol.`;
}
