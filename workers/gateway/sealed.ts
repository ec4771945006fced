import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { decodeSealed } from "@qoodblock/sdk/sealing";
import { checkPlace, sealingPosition } from "../shared/sealed/index.ts";
import type { SealedChecker, SealedStore } from "../shared/sealed/index.ts";
import { checkAccess } from "./auth/access.ts";
import type { Access } from "./auth/access.ts";
import type { Backlog } from "./backlog.ts";
import type { Streams } from "./streams.ts";

/** The way in for batches that a device has sealed: the TSP sees their ciphertext alone. */
export interface SealedIntake {
  /**
   * Takes one package.
   * @throws QoodError of access, stream and form; SEALED_* where it does not stand next in its stream; those of `checkBatch`
   */
  take(access: Access, bytes: Uint8Array): Promise<{ readonly status: "stored" | "duplicate"; readonly headerHash: Hex }>;
}

/** See {@link SealedIntake}. */
export function createSealedIntake(options: { readonly redis: Redis; readonly prefix: string; readonly streams: Streams; readonly checker: SealedChecker; readonly store: SealedStore; readonly backlog: Backlog }): SealedIntake {
  const { redis, prefix, streams, checker, store, backlog } = options;
  return {
    async take(access, bytes) {
      const full = backlog.reason();
      if (full !== undefined) throw new QoodError("GATEWAY_BUSY", `${full}: send again later`);
      const { header, envelope } = decodeSealed(bytes);
      const stream = await streams.open(header.words.stream);
      checkAccess(access, stream);
      const { config } = stream;
      if (!config.deviceSealed) throw new QoodError("SEALED_STREAM", `stream ${config.handle} is sealed by its TSP: send messages instead`);
      const { headerHash } = await checker.check(bytes, config);
      const at = { stream: config.handle, sequence: header.words.sequence };
      const position = await sealingPosition(redis, prefix, config);
      // One that was taken before is known by its hash, wherever the stream stands now.
      if (header.words.sequence >= position.sequence) checkPlace({ header, envelope }, config, position);
      const status = await store.put(at, headerHash, bytes);
      if (status === "other") throw new QoodError("SEALED_OTHER", `another batch ${at.sequence} of stream ${at.stream} was taken before; a sequence is never sealed twice`);
      return { status, headerHash };
    },
  };
}
