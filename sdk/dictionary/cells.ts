import { latLngToCell } from "h3-js";
import { positionColumns } from "./mapping.ts";
import type { Row, Schema } from "./types.ts";

/** The finest H3 resolution that may be public: a cell of resolution 6 is about 36 km². */
export const MAX_H3_RESOLUTION = 6;

/** Collects the public search field "where": the distinct H3 cells of the rows seen so far. */
export interface CellCollector {
  add(row: Row): void;
  /** Distinct cells as 15-digit hex, sorted, so that nothing of the order of travel is told. */
  cells(): string[];
}

/**
 * Makes a collector of H3 cells.
 *
 * @param resolution - 0 to {@link MAX_H3_RESOLUTION}
 * @returns `undefined` for a schema without position: then there is no H3 field at all
 * @throws RangeError for a finer resolution, which would publish where someone lives
 */
export function cellCollector(schema: Schema, resolution: number = MAX_H3_RESOLUTION): CellCollector | undefined {
  if (!Number.isInteger(resolution) || resolution < 0 || resolution > MAX_H3_RESOLUTION) throw new RangeError(`H3 resolution ${resolution} is not an integer from 0 to ${MAX_H3_RESOLUTION}`);
  const position = positionColumns(schema);
  if (position === undefined) return undefined;
  const found = new Set<string>();
  const latitudeStep = 10 ** position.latitudeDecimals;
  const longitudeStep = 10 ** position.longitudeDecimals;
  return {
    add(row) {
      const latitude = row[position.latitude] ?? null;
      const longitude = row[position.longitude] ?? null;
      if (latitude !== null && longitude !== null) found.add(latLngToCell(latitude / latitudeStep, longitude / longitudeStep, resolution));
    },
    cells: () => [...found].sort(),
  };
}
