import { createKuboStorage } from "@qoodblock/workers/shared/storage/kubo.ts";
import { within } from "@qoodblock/workers/shared/metrics/index.ts";
import { check } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { distinct } from "./subject.ts";
import type { Subject } from "./subject.ts";

const PATIENCE_MS = 10_000;
/** Always the same, so that looking again leaves nothing more behind. */
const FILE = new TextEncoder().encode("qood tsp doctor\n");

/** The storage node keeps a small file and gives it back as it was. */
export async function checkStorage(subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { storage: address } of distinct(subject, ["storage"])) {
    findings.push(
      ...(await check("storage", async (said) => {
        const storage = createKuboStorage(address as string);
        try {
          const cid = await within(PATIENCE_MS, storage.add(FILE));
          const back = await within(PATIENCE_MS, storage.get(cid, { timeoutMs: PATIENCE_MS }));
          await within(PATIENCE_MS, storage.unpin(cid));
          if (Buffer.compare(back, FILE) === 0) said.ok("a file was stored, read and checked against its CID");
          else said.fault("a file came back other than it was stored: look at the node's disk");
        } catch (error) {
          said.fault(`the storage node does not keep files: start it, or correct the setting storage (${(error as Error).message})`);
        } finally {
          await storage.close();
        }
      })),
    );
  }
  return findings;
}
