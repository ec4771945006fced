import { fileURLToPath } from "node:url";

/** Path of CarChain's own example records, the default input of the demo. */
export const CARCHAIN_EXAMPLE = fileURLToPath(new URL("./examples/carchain-examples.json", import.meta.url));
