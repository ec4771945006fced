export { createHeliaStorage } from "./helia.ts";
export type { DagSize, HeliaStorage } from "./helia.ts";
export { createKuboStorage } from "./kubo.ts";
export { serveRpc } from "./rpcServer.ts";
export { cidOf, parseCid, UNIXFS_SETTINGS } from "./dag.ts";
export { GET_TIMEOUT_MS, MAX_CAR_BYTES, MAX_FILE_BYTES } from "./types.ts";
export type { GetOptions, NodeIdentity, Storage } from "./types.ts";
