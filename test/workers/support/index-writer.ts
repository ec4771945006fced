/** A process that takes the right to write to a store, commits, begins more, and stays until it is killed. */
import { isQoodError } from "@qoodblock/sdk/errors";
import { Batch, key, openStore } from "../../../workers/shared/index/index.ts";
import type { StoreSettings } from "../../../workers/shared/index/index.ts";

const store = await openStore(JSON.parse(process.argv[2]!) as StoreSettings, "chain");
try {
  await store.claim();
  await store.commit([{ key: key("committed"), value: Buffer.from("yes") }]);
  new Batch(store).put(key("begun"), Buffer.from("no"));
  process.send!("claimed");
  setInterval(() => undefined, 1000);
} catch (error) {
  process.send!(isQoodError(error) ? error.code : String(error));
  await store.close();
  process.disconnect();
}
