export function Settings() {
  return <p class="notice">Settings</p>;
}
