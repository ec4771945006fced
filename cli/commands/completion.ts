import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";

/** What can follow a command's words: its commands, and the options of it and of all above it. */
interface Place {
  readonly words: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly string[];
}

function placesOf(command: Command, above: readonly string[], words: readonly string[]): Place[] {
  const options = [...above, ...command.options.map(({ long }) => long!), "--help"];
  const commands = command.commands.map((each) => ({ name: each.name(), description: each.description() }));
  const own = [...new Set(options)].sort();
  return [{ words: words.join(" "), commands, options: own }, ...command.commands.flatMap((each) => placesOf(each, options.slice(0, -1), [...words, each.name()]))];
}

/** Options of the program that want a value: the word after them is no command. */
const takesValue = (program: Command): string[] => program.options.filter(({ required }) => required).map(({ long }) => long!);

const listOf = ({ commands, options }: Place): string => [...commands.map(({ name }) => name), ...options].join(" ");

function bash(places: readonly Place[], valued: readonly string[]): string {
  const cases = places.map((place) => `    "${place.words}") words="${listOf(place)}" ;;`);
  return `# bash completion of qood: source <(qood completion bash)
_qood() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" skip="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ -n "$skip" ]; then skip=""; continue; fi
    case "$word" in
      ${valued.join("|")}) skip=1 ;;
      -*) ;;
      *) case " ${places.filter(({ words }) => words !== "").map(({ words }) => words.replaceAll(" ", "/")).join(" ")} " in *" \${path:+\${path// //}/}$word "*) path="\${path:+$path }$word" ;; esac ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    --out|--deployment|--passphrase-file|--keystores|--text|--header) COMPREPLY=($(compgen -f -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _qood qood
`;
}

/** zsh takes the bash function as it is, by its own bridge. */
const zsh = (places: readonly Place[], valued: readonly string[]): string => `#compdef qood
# zsh completion of qood: source <(qood completion zsh)
autoload -U +X compinit && compinit -u
autoload -U +X bashcompinit && bashcompinit
${bash(places, valued).split("\n").slice(1).join("\n")}`;

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fish(places: readonly Place[], valued: readonly string[]): string {
  const lines = places.flatMap(({ words, commands, options }) => {
    const at = `-n "test (__qood_path) = '${words}'"`;
    return [...commands.map(({ name, description }) => `complete -c qood -f ${at} -a ${name} -d ${quoted(description)}`), ...options.map((option) => `complete -c qood ${at} -l ${option.slice(2)}`)];
  });
  return `# fish completion of qood: qood completion fish | source
function __qood_path
  set -l path
  set -l skip 0
  for word in (commandline -opc)[2..]
    if test $skip = 1
      set skip 0
    else if contains -- $word ${valued.join(" ")}
      set skip 1
    else if not string match -q -- '-*' $word
      if contains -- (string join / $path $word) ${places.filter(({ words }) => words !== "").map(({ words }) => words.replaceAll(" ", "/")).join(" ")}
        set -a path $word
      end
    end
  end
  string join ' ' -- $path
  test (count $path) -gt 0; or echo
end
${lines.join("\n")}
`;
}

/** `qood completion bash|zsh|fish`: completion of commands and options, made from the commands themselves. */
export function registerCompletion(program: Command): void {
  program
    .command("completion")
    .description("print the completion of commands and options for a shell")
    .argument("<shell>", "bash, zsh or fish")
    .action((shell: string) => {
      const make = { bash, zsh, fish }[shell];
      if (make === undefined) throw new QoodError("USAGE", `${shell} is none of bash, zsh and fish`);
      process.stdout.write(make(placesOf(program, [], []), takesValue(program)));
    });
}
