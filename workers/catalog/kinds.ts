/** What can be searched, and by what. */

/** One kind of things. */
export interface Kind {
  /** As it stands in the path. */
  readonly path: string;
  /** As the index calls it. */
  readonly kind: string;
  /** Which store has it: what follows from the chain, or what was brought here. */
  readonly store: "chain" | "catalog";
  readonly what: string;
  /** Fields that must be equal. */
  readonly terms: readonly string[];
  /** Whether it is about data: schema, signal, place and time of records. */
  readonly isData: boolean;
  /** Whether it is about a place: asked for by cell or box. */
  readonly isPlaced: boolean;
  readonly isPriced: boolean;
}

const DATA = ["stream", "owner", "oem", "vehicle", "tsp", "dataClass", "privacy", "origin", "agreement"] as const;

/** See {@link Kind}. */
export const KINDS: readonly Kind[] = [
  { path: "offers", kind: "offer", store: "catalog", what: "open offers", terms: [...DATA, "seller", "token", "batch"], isData: true, isPlaced: true, isPriced: true },
  { path: "batches", kind: "batch", store: "catalog", what: "anchored batches that were offered", terms: [...DATA, "offered"], isData: true, isPlaced: true, isPriced: false },
  { path: "streams", kind: "stream", store: "catalog", what: "streams that batches were offered of", terms: DATA, isData: true, isPlaced: true, isPriced: false },
  { path: "requests", kind: "request", store: "chain", what: "buy orders", terms: ["buyer", "schema", "status", "token", "oem", "dataClass", "privacy", "anywhere"], isData: false, isPlaced: true, isPriced: true },
  { path: "vehicles", kind: "vehicle", store: "chain", what: "vehicles, and sources that are none", terms: ["kind", "owner", "oem", "vinTag", "tsp", "confirmed"], isData: false, isPlaced: false, isPriced: false },
  { path: "agreements", kind: "agreement", store: "chain", what: "agreements with all their versions", terms: ["vehicle", "owner", "oem", "agent", "token"], isData: false, isPlaced: false, isPriced: false },
  { path: "deals", kind: "deal", store: "chain", what: "deals", terms: ["seller", "buyer", "order", "state"], isData: false, isPlaced: false, isPriced: false },
  { path: "payouts", kind: "payout", store: "chain", what: "what settled pages have paid to whom", terms: ["deal", "buyer", "seller", "party", "owner", "agreement"], isData: false, isPlaced: false, isPriced: true },
  { path: "anchors", kind: "anchor", store: "chain", what: "anchors", terms: ["tsp", "root"], isData: false, isPlaced: false, isPriced: false },
];
