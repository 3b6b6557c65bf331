import { bundleWorker } from "../checks/miniflare-server.ts";
import { startSpindle } from "./loop-contestants.ts";
import { startStampingServer, prompt } from "./stamping-server.ts";
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
const model = await startStampingServer(); const bundle = await bundleWorker();
const s = await startSpindle(bundle, model.baseUrl);
const wpid = readdirSync("/proc").find(n => { try { const t=readFileSync(`/proc/${n}/stat`,"utf8"); return t.includes("(workerd)") && Number(t.slice(t.lastIndexOf(")")+2).split(" ")[1])===s.server.pid } catch { return false } });
const stat=()=>{const t=readFileSync(`/proc/${wpid}/stat`,"utf8"); const f=t.slice(t.lastIndexOf(")")+2).split(" "); const io=readFileSync(`/proc/${wpid}/io`,"utf8"); return {cpu:(Number(f[11])+Number(f[12]))*10, db:readdirSync(`/proc/${wpid}/fd`).filter(x=>{try{return readlinkSync(`/proc/${wpid}/fd/${x}`).endsWith(".sqlite")}catch{return false}}).length, wb:Number(/write_bytes: (\d+)/.exec(io)?.[1])}};
for (let r=0;r<1;r++){
 const cs = await Promise.all(Array.from({length:50},()=>s.open()));
 await Promise.all(cs.map(async c=>{for(let i=0;i<10;i++) await c.turn(prompt({messages:1,deltas:20,intervalMs:0}))}));
 for (const c of cs) await c.close();
 const t0=performance.now(); console.log("closed");
 const c = await s.open(); let last=stat(); console.log(last);
 while (performance.now()-t0<24000) { const h=await c.turn(prompt({messages:1,deltas:16,intervalMs:40})); const now=stat();
  console.log((performance.now()-t0).toFixed(0), "max", Math.max(...h.deltas).toFixed(1), "over20", h.deltas.filter(x=>x>20).map(x=>x.toFixed(0)).join(","), "cpu", now.cpu-last.cpu, "dbs", now.db, "writtenKiB", (now.wb-last.wb)/1024); last=now; }
}
await s.server.close(); model.close(); rmSync(bundle,{recursive:true}); process.exit(0);
