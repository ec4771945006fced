/** Small made-up inputs of every format for the drive tests. */
import { CSV_SHAPES } from "../../sdk/drive/readers/shape.ts";

const header = (format: string): readonly string[] => CSV_SHAPES.find((shape) => shape.format === format)!.header;

export const GPS_HEADER = header("gps").join();
export const GENERATED_HEADER = header("generated").join();

const GPS_ROW: Record<string, string> = {
  Time: "2018-04-08 10:31:37",
  Seconds: "694.3",
  Latitude: "30.0",
  Longitude: "-97.75",
  Distance: "7.47",
  Speed: "61.5",
  Steering: "-0.3",
  Throttle: "13",
  "Engine RPM": "2146",
  Lateral: "0.01",
  Acceleration: "-0.02",
};

const GENERATED_ROW: Record<string, string> = {
  time: "2024-01-15T12:00:00.000Z",
  latitude: "30.2672",
  longitude: "-97.7431",
  heading: "90",
  speed: "50",
  acceleration: "0",
  engine_rpm: "2000",
  gear: "4",
  accelerator: "10",
  odometer: "1000",
  coolant_temperature: "88.5",
};

/** A good row of the CAN-with-GPS format, with some cells replaced. */
export function gpsRow(cells: Record<string, string>): string {
  return Object.values({ ...GPS_ROW, ...cells }).join();
}

/** A good row of the generator's format, with some cells replaced. */
export function generatedRow(cells: Record<string, string>): string {
  return Object.values({ ...GENERATED_ROW, ...cells }).join();
}

/** A carOBD file in the recordings' own way of writing: names with ` ()`, blanks, a trailing comma, CRLF. */
export function obdFile(rows: { cells: Record<number, string>; cut?: number; more?: string; fate?: string }[]): string {
  const names = header("obd");
  const lines = rows.map(({ cells, cut = 0, more = "," }) => {
    const values = names.map((_, i) => cells[i] ?? "1.000000");
    return `${values.slice(0, values.length - cut).join(", ")}${more}`;
  });
  return `${names.map((name) => `${name} ()`).join()}\r\n${lines.map((line) => `${line}\r\n`).join("")}`;
}

/** A CarChain trip record of nine points' length, with parts replaced. */
export function trip(value: Record<string, unknown>, key: Record<string, unknown> = {}): unknown {
  return {
    key: { SESSION_ID: 1, START_TIME: 20160511071428, END_TIME: 20160511094623, ...key },
    value: { len: 8, GPS: [{ lat: 31.25, lng: 121.44 }], SPEED: "0", VEHICLE_DATA: 1, format: "trip-gps", ...value },
  };
}
