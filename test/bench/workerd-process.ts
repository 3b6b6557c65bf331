/** The workerd below a Miniflare server, as the kernel sees it. Linux only: elsewhere every figure is NaN. */
import { readdirSync, readFileSync } from "node:fs";

export interface WorkerdProcess {
  residentMiB(): number;
  /** The most it ever was. */
  residentMiBMax(): number;
  /** Processor time so far, its own and the kernel's for it. */
  cpuMs(): number;
}

export function workerdBelow(parentPid: number): WorkerdProcess {
  const pid = pidBelow(parentPid);
  const statusMiB = (field: string) =>
    pid === null ? Number.NaN : Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(read(pid, "status"))?.[1]) / 1024;
  return {
    residentMiB: () => statusMiB("VmRSS"),
    residentMiBMax: () => statusMiB("VmHWM"),
    cpuMs() {
      if (pid === null) return Number.NaN;
      const { utime, stime } = statOf(pid);
      // In ticks, of which Linux shows programs 100 a second, whatever its own clock does.
      return (utime + stime) * 10;
    },
  };
}

function pidBelow(parentPid: number): string | null {
  if (process.platform !== "linux") return null;
  const pid = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const { command, parent } = statOf(name);
      return parent === parentPid && command === "workerd";
    } catch {
      // It ended while we looked.
      return false;
    }
  });
  if (pid === undefined) throw new Error(`no workerd below process ${parentPid}`);
  return pid;
}

function statOf(pid: string): { command: string; parent: number; utime: number; stime: number } {
  // `1234 (workerd) S 1233 …`: only the name may hold spaces and parentheses.
  const stat = read(pid, "stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    command: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
    parent: Number(fields[1]),
    utime: Number(fields[11]),
    stime: Number(fields[12]),
  };
}

function read(pid: string, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, "utf8");
}
