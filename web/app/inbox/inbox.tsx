export function Inbox() {
  return <p class="notice">Inbox</p>;
}
