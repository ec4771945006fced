import type { z } from "zod";
import type { Program } from "./program.ts";
import { environmentName, flagName } from "./fields.ts";
import type { Field } from "./fields.ts";

const WIDTH = 118;
const INDENT = 6;

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((each) => " ".repeat(indent) + each).join("\n");
}

function valueName(field: Field): string {
  if (field.type === "boolean") return "";
  if (field.choices !== undefined) return ` ${field.choices.join("|")}`;
  return field.type === "string" ? " TEXT" : field.type === "array" ? " A,B,…" : " NUMBER";
}

function tail(field: Field): string {
  if (field.required) return " Required.";
  if (field.fallback === undefined) return "";
  const text = Array.isArray(field.fallback) ? field.fallback.join(",") : JSON.stringify(field.fallback).replaceAll('"', "");
  return text === "" ? "" : ` Default: ${text}.`;
}

/** The text of `--help`, made from the schema so that the two cannot differ. */
export function helpText(program: Program<z.ZodObject>, fields: readonly Field[]): string {
  const entries = fields.map((field) => {
    const head = `  --${flagName(field.name)}${valueName(field)}   [${environmentName(field.name)}${field.alias === undefined ? "" : `, ${field.alias}`}]`;
    return `${head}\n${wrap(`${field.description}${tail(field)}`, INDENT)}`;
  });
  return [
    program.summary,
    "",
    `Usage: ${program.name} [flags]`,
    "",
    "A flag counts more than its environment variable, that more than the JSON file of --config, that more than the default.",
    "",
    ...entries,
    `  --config TEXT   [${environmentName("config")}]`,
    wrap("A JSON file with settings by their camelCase names, or with a section of them for each program, under its name, and what several share at the top level; workers/config.schema.json describes it.", INDENT),
    "  --help",
    wrap("This text.", INDENT),
    "",
  ].join("\n");
}
