/** What a person calls a running program. */
import { basename } from 'node:path/posix';

/** Where an interpreter's arguments name its script: that is the first one that is no option. */
export interface Interpreter {
  /** Its executable's name, without a version. */
  readonly name: RegExp;
  /** Options that stand for a script: its text, which may hold secrets, is the next argument or comes from elsewhere. */
  readonly inline?: RegExp;
  /** Options whose value is the next argument. */
  readonly valued?: RegExp;
  /** Options whose value, in the same argument or the next, names the script. */
  readonly naming?: RegExp;
}

// All options that are followed by a value must be here: that value would be taken for the script. Where several
// stand in one argument (`-lc`), only letters without a value may come before the one that matters.
const interpreters: readonly Interpreter[] = [
  {
    name: /^(bash|dash|sh|zsh|ksh|fish)$/,
    inline: /^(-[A-Za-z]*[cCs]|--command|--init-command)/,
    valued: /^([-+][A-Za-z]*[oO]|--rcfile|--init-file|--emulate)$/,
  },
  {
    name: /^(python|pypy)$/,
    inline: /^-[^-WXmc]*c/,
    valued: /^(-[^-WXmc]*[WX]|--check-hash-based-pycs)$/,
    naming: /^-[^-WXmc]*m(.*)$/,
  },
  {
    name: /^(node|nodejs)$/,
    inline: /^(-e|-p|-pe|--eval|--print)(=|$)/,
    valued:
      /^(-r|-C|--(require|import|(experimental-)?loader|conditions|env-file(-if-exists)?|title|run|input-type|(inspect|debug)-port|watch-path|(diagnostic|report|icu-data|(cpu|heap)-prof)-dir|(cpu|heap)-prof-(name|interval)|report-(filename|signal)|openssl-config|redirect-warnings|disable-(proto|warning)|unhandled-rejections|dns-result-order|max-http-header-size|tls-(cipher-list|keylog)|trace-event-(categories|file-pattern)|test-(concurrency|name-pattern|reporter|reporter-destination|shard|timeout)))$/,
  },
  {
    name: /^ruby$/,
    inline: /^-[acdhlnpSsvwy]*e/,
    valued: /^(-[rICE]|--(enable|disable|encoding|(external|internal)-encoding|backtrace-limit))$/,
  },
  { name: /^perl$/, inline: /^-[acCdDfIiLlnopsStTuUwWX0-9]*[eE]/, valued: /^-I$/ },
  {
    name: /^php$/,
    inline: /^(-[rRBEa]|--(run|process-begin|process-code|process-end|interactive)$)/,
    valued: /^(-[cdSTtz]|--(php-ini|define|server|docroot|zend-extension))$/,
    naming: /^(?:-f|--file)$/,
  },
  { name: /^(lua|luajit)$/, inline: /^-e/, valued: /^-l$/ },
  {
    name: /^java$/,
    valued:
      /^(-cp|-classpath|-p|-d|--(class-path|module-path|upgrade-module-path|add-modules|add-exports|add-opens|add-reads|limit-modules|patch-module|enable-native-access|source|describe-module))$/,
    naming: /^(?:-jar|-m|--module)$/,
  },
];

/** The interpreter that an executable is, if it is one. */
export function interpreterOf(executable: string): Interpreter | undefined {
  const name = basename(executable).replace(/-?\d[\w.]*$/, '');
  return interpreters.find((interpreter) => interpreter.name.test(name));
}

/**
 * What a person calls a program: the name of its executable, or of the script where that is an interpreter. Of the
 * arguments nothing else is ever given back, since they may hold secrets.
 *
 * @param executable its path, where it is known
 * @param commandLine what it was started with, its own name first
 * @returns empty where there is no name
 */
export function programName(executable: string | undefined, commandLine: readonly string[]): string {
  // A login shell's own name begins with a hyphen.
  const path = executable ?? commandLine[0]?.replace(/^-/, '') ?? '';
  const interpreter = interpreterOf(path);
  const script = interpreter && scriptOf(interpreter, commandLine.slice(1));
  return shownName(basename(script ?? '')) || shownName(basename(path));
}

/** The script that an interpreter runs, by its arguments; undefined where it is not in a file. */
function scriptOf(interpreter: Interpreter, options: readonly string[]): string | undefined {
  for (let index = 0; index < options.length; index++) {
    const option = options[index] ?? '';
    const named = interpreter.naming?.exec(option);
    if (named) return named[1] || options[index + 1];
    // A hyphen alone is the standard input.
    if (option === '-' || interpreter.inline?.test(option)) return undefined;
    if (interpreter.valued?.test(option)) index += 1;
    // Shells turn options off with a plus sign; Java reads them from a file named after an at sign.
    else if (!/^[-+@]/.test(option)) return option;
  }
  return undefined;
}

/** A program's name as a person may see it: of one line, in its own order, not long. */
export function shownName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  return plain.replace(/^(.{64}).+$/u, '$1');
}
