import { createLibp2p } from "libp2p";
import type { Libp2p } from "libp2p";
import { identify } from "@libp2p/identify";
import type { Identify } from "@libp2p/identify";
import { kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import type { KadDHT } from "@libp2p/kad-dht";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";

/** The index's own DHT: its nodes hold nothing of the public one, nor it of theirs. */
export const INDEX_PROTOCOL = "/qood/kad/1.0.0";

/** A libp2p node that takes part in the index. */
export type IndexNode = Libp2p<{ dht: KadDHT; identify: Identify; ping: unknown }>;

/** What a node is made of. */
export interface IndexNodeOptions {
  /** libp2p multiaddrs; a random port on the loopback interface by default. */
  readonly listen?: readonly string[];
  /** Nodes of the index to begin with. */
  readonly peers?: readonly string[];
  /** Connections at a time. */
  readonly maxConnections?: number;
}

/** Starts a node of the index; one whose `peers` cannot be reached starts all the same, and is found by others. */
export async function createIndexNode({ listen = ["/ip4/127.0.0.1/tcp/0"], peers = [], maxConnections = 128 }: IndexNodeOptions = {}): Promise<IndexNode> {
  const node: IndexNode = await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections },
    services: {
      identify: identify(),
      ping: ping(),
      // Addresses are given on as they are: an index within one machine or one network is as good as a public one.
      dht: kadDHT({ protocol: INDEX_PROTOCOL, clientMode: false, peerInfoMapper: passthroughMapper, logPrefix: "qood:index", datastorePrefix: "/qood-index", metricsPrefix: "qood_index" }),
    },
  });
  await Promise.allSettled(peers.map((peer) => node.dial(multiaddr(peer), { signal: AbortSignal.timeout(10_000) })));
  return node;
}
