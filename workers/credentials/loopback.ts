/** The names under which a machine reaches itself; a name that merely resolves to it, as in DNS rebinding, is not one of them. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
