export function Memory() {
  return <p class="notice">Memory</p>;
}
