/** Node's Buffer where a browser has none: the hot loops of the SDK write with it. */
export { Buffer } from "buffer/";
