/** What `Allow for this session` allows: one tool of one server. */
export function grantOf({ server, name }: { server: string; name: string }): string {
  return `${server}/${name}`;
}
