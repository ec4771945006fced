import { agreementParts, pairIndex, versionDigest } from "@qoodblock/sdk/market";
import { versionKey } from "../../shared/index/index.ts";
import { plain } from "../decode.ts";
import { atOf, upsert } from "./handlers.ts";
import type { Handlers } from "./handlers.ts";

/** Every version that was, and what is in force. */
interface AgreementBody {
  readonly agreementId: string;
  readonly vehicle: string;
  readonly epoch: number;
  readonly owner: string;
  readonly oem: string;
  readonly agent: string;
  readonly version: number;
  /** Bit per pair. */
  readonly denied: number;
  /** Unix seconds; 0 while nobody has ended it. */
  readonly endsAt: number;
  readonly versions: readonly { readonly version: number; readonly start: number; readonly digest: string; readonly text: unknown }[];
}

const first = (id: bigint): AgreementBody => {
  const { vehicle, epoch } = agreementParts(id);
  return { agreementId: id.toString(), vehicle: vehicle.toString(), epoch, owner: "", oem: "", agent: "", version: 0, denied: 0, endsAt: 0, versions: [] };
};
const terms = ({ vehicle, owner, oem, agent, versions }: AgreementBody): Record<string, string[]> => ({
  ...{ vehicle: [vehicle], owner: [owner], oem: [oem], agent: [agent] },
  token: ((versions.at(-1)?.text as { tokens?: { token: string }[] } | undefined)?.tokens ?? []).map(({ token }) => token),
});

/** Agreements: their versions, what is denied, when they end. */
export const agreementHandlers: Handlers = {
  async Agreed(batch, { agreementId, version, text, terms: signed, ...at }) {
    const digest = versionDigest(agreementId, version, signed).toLowerCase();
    const { owner, oem, agent, storagePayee } = signed;
    batch.putJson(versionKey(digest), { agreementId: agreementId.toString(), version, owner, oem, agent, storagePayee });
    await upsert<AgreementBody>(
      batch,
      { kind: "agreement", id: agreementId.toString(), time: atOf(at) },
      () => first(agreementId),
      // A new version clears what was denied and overtakes an end.
      (body) => ({ ...body, owner, oem, agent, version, denied: 0, endsAt: 0, versions: [...body.versions, { version, start: at.time, digest, text: plain(text) }] }),
      terms,
    );
  },
  Denied: (batch, { agreementId, dataClass, privacy, ...at }) =>
    upsert<AgreementBody>(batch, { kind: "agreement", id: agreementId.toString(), time: atOf(at) }, () => first(agreementId), (body) => ({ ...body, denied: body.denied | (1 << pairIndex(dataClass, privacy)) }), terms),
  Ended: (batch, { agreementId, endsAt, ...at }) =>
    upsert<AgreementBody>(batch, { kind: "agreement", id: agreementId.toString(), time: atOf(at) }, () => first(agreementId), (body) => ({ ...body, endsAt }), terms),
};
