/** What a topic says: telemetry of a stream under its schema, or one of the words about the stream itself. */
export interface Topic {
  readonly stream: string;
  /**
   * - a schema, `name@version`: telemetry, from the device
   * - `online`: `1` or `0`, from the device, retained, and its last will
   * - `status`: where the stream stands, to the device, retained
   */
  readonly word: string;
}

const TOPIC = /^v1\/(0x[0-9a-f]{64})\/([a-z0-9][a-z0-9.@-]{0,80})$/;
/** Words that are no schema. */
export const ONLINE = "online";
export const STATUS = "status";

/** Parses a topic; undefined where it is none of the gateway's. */
export function parseTopic(text: string): Topic | undefined {
  const found = TOPIC.exec(text);
  return found === null ? undefined : { stream: found[1]!, word: found[2]! };
}

/** The topic on which a device is told where its stream stands. */
export const statusTopic = (stream: string): string => `v1/${stream}/${STATUS}`;
