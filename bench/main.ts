// `npm run bench [-- ROOM ...]`: what the program exists for, beside a floor or a peer measured in the same run.
import { benchSealing } from "./sealing.ts";
import { benchProof } from "./proof.ts";
import { benchGas } from "./gas.ts";

const rooms: Readonly<Record<string, () => Promise<void>>> = { sealing: benchSealing, proof: benchProof, gas: benchGas };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in rooms));
if (unknown.length > 0) {
  process.stderr.write(`no room named ${unknown.join(", ")}: choose from ${Object.keys(rooms).join(", ")}\n`);
  process.exit(1);
}
for (const [name, run] of Object.entries(rooms)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`measuring ${name} …\n`);
  await run();
}
