/** Records as JSON lines: one object a record, by VSS path. The same values as in the CSV, exact decimals as JSON numbers. */
import { mappingOf, rowOpener } from "@qoodblock/sdk/dictionary";
import type { Schema, VssColumn } from "@qoodblock/sdk/dictionary";

/** Whether a column's text is a JSON literal as it stands: a number, true or false. */
const isLiteral = ({ datatype, unit, words, base36 }: VssColumn): boolean => datatype !== "string" && unit !== "iso8601" && words === undefined && base36 === undefined;

/** Lines of a file, one a record; absent values are left out. @throws QoodError DICTIONARY_UNKNOWN */
export function jsonLines(schema: Schema, dictionaryVersion: number, rows: readonly (readonly (number | null)[])[]): string {
  const columns = mappingOf(schema, dictionaryVersion).columns.map((column) => ({ name: JSON.stringify(column.path), isLiteral: isLiteral(column) }));
  const open = rowOpener(schema, dictionaryVersion);
  return rows
    .map((row) => {
      const fields = open([...row]).flatMap((value, i) => (value === null ? [] : [`${columns[i]!.name}:${columns[i]!.isLiteral ? value : JSON.stringify(value)}`]));
      return `{${fields.join(",")}}\n`;
    })
    .join("");
}
