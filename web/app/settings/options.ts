/** What can be chosen, in words: for new threads and for one of them. */
export const approvals = [
  { value: "on-request", label: "Ask before changes" },
  { value: "untrusted", label: "Ask before everything but looking" },
  { value: "never", label: "Never ask" },
];

export const decisions = [
  { value: "off", label: "Off" },
  { value: "observe", label: "Advise" },
  { value: "steer", label: "Steer" },
];
