import { Presets, SingleBar } from "cli-progress";

/** Shows a person how far an import is: a bar on a terminal, a line now and then elsewhere, nothing where a program reads. */
export interface Meter {
  begin(name: string, lines: number): void;
  at(line: number): void;
  /** One line beside the bar. */
  say(text: string): void;
  end(): void;
}

const LINE_MS = 5000;

/** @param quiet - with `--json`: nothing at all. */
export function createMeter(out: NodeJS.WriteStream, quiet: boolean): Meter {
  const bar = !quiet && out.isTTY ? new SingleBar({ stream: out, format: "{name} {bar} {percentage} %  {value} of {total} lines  {eta_formatted} to go", hideCursor: true }, Presets.shades_classic) : undefined;
  let [name, total, began, told, value] = ["", 0, 0, 0, 0];
  return {
    begin(file, lines) {
      [name, total, began, told, value] = [file, lines, performance.now(), performance.now(), 0];
      bar?.start(lines, 0, { name });
    },
    at(line) {
      value = Math.min(line, total);
      bar?.update(value);
      const now = performance.now();
      if (bar !== undefined || quiet || now - told < LINE_MS) return;
      told = now;
      out.write(`${name}: ${line} of ${total} lines, ${Math.round((line / (now - began)) * 1000)} lines/s\n`);
    },
    say(text) {
      if (quiet) return;
      const running = bar?.isActive === true ? bar : undefined;
      running?.stop();
      out.write(`${text}\n`);
      running?.start(total, value, { name });
    },
    end() {
      bar?.update(total);
      bar?.stop();
    },
  };
}
