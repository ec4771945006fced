import { formatScaled, positionColumns, schemaId } from "../../dictionary/index.ts";
import type { Row, Schema } from "../../dictionary/index.ts";
import { AtomicFile } from "./atomic.ts";
import type { RowSink } from "./csv.ts";

/**
 * The track as GeoJSON (RFC 7946): a FeatureCollection of one LineString, longitude before latitude, with the schema,
 * the count and the first and last time as properties. A track that crosses the 180th meridian is cut there into one
 * LineString a side (RFC 7946 §3.1.9); a single position is a Point. Rows without position are left out.
 *
 * @param path - where the file will stand
 * @returns `undefined` for a schema without position
 */
export async function geoJsonSink(path: string, schema: Schema, dictionaryVersion: number): Promise<RowSink | undefined> {
  const position = positionColumns(schema);
  if (position === undefined) return undefined;
  const file = await AtomicFile.create(path);
  const text = (row: Row): string | undefined => {
    const [longitude, latitude] = [row[position.longitude] ?? null, row[position.latitude] ?? null];
    return longitude === null || latitude === null ? undefined : `[${formatScaled(longitude, position.longitudeDecimals)},${formatScaled(latitude, position.latitudeDecimals)}]`;
  };
  const half = 180 * 10 ** position.longitudeDecimals;
  let features = 0;
  // The first position of the open feature waits for the second: only then is it known to be a line.
  let part: { count: number; first: string; firstTime: number; lastTime: number } | undefined;
  let previous: Row | undefined;

  const close = async (): Promise<void> => {
    if (part === undefined) return;
    if (part.count === 1) await file.write(`${opening(features++)}"Point","coordinates":${part.first}`);
    else await file.write("]");
    const properties = {
      schema: schemaId(schema),
      dictionaryVersion,
      positions: part.count,
      firstTime: new Date(part.firstTime).toISOString(),
      lastTime: new Date(part.lastTime).toISOString(),
    };
    await file.write(`},"properties":${JSON.stringify(properties)}}`);
    part = undefined;
  };
  const add = async (coordinates: string, time: number): Promise<void> => {
    if (part === undefined) part = { count: 1, first: coordinates, firstTime: time, lastTime: time };
    else {
      if (part.count === 1) await file.write(`${opening(features++)}"LineString","coordinates":[${part.first}`);
      await file.write(`,${coordinates}`);
      part.count += 1;
      part.lastTime = time;
    }
  };

  await file.write('{"type":"FeatureCollection","features":[');
  return {
    async write(row) {
      const here = text(row);
      if (here === undefined) return;
      const time = row[0]!;
      const east = row[position.longitude]!;
      const before = previous?.[position.longitude] ?? east;
      if (Math.abs(east - before) > half) {
        const side = before > 0 ? 180 : -180;
        const latitude = meridianLatitude(previous![position.latitude]!, before, row[position.latitude]!, east, half);
        const cut = formatScaled(latitude, position.latitudeDecimals);
        if (Math.abs(before) !== half) await add(`[${side},${cut}]`, previous![0]!);
        await close();
        if (Math.abs(east) !== half) await add(`[${-side},${cut}]`, time);
      }
      await add(here, time);
      previous = row;
    },
    async commit() {
      await close();
      await file.write("]}\n");
      await file.commit();
    },
    abort: () => file.abort(),
  };
}

function opening(index: number): string {
  return `${index === 0 ? "" : ","}\n{"type":"Feature","geometry":{"type":`;
}

/** Latitude at which the straight line between two positions meets the 180th meridian; all in integer steps. */
function meridianLatitude(latitude1: number, longitude1: number, latitude2: number, longitude2: number, half: number): number {
  const unwrapped = longitude1 > 0 ? longitude2 + 2 * half : longitude2 - 2 * half;
  const edge = longitude1 > 0 ? half : -half;
  const share = unwrapped === longitude1 ? 0 : (edge - longitude1) / (unwrapped - longitude1);
  return Math.round(latitude1 + share * (latitude2 - latitude1));
}
