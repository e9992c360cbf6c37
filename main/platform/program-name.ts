/** What a person calls a running program, and where its code is. */

/** Where an interpreter's arguments name its script: that is the first one that is no option. */
export interface Interpreter {
  /** Its executable's name, in small letters and without a version. */
  readonly name: RegExp;
  /** What options look like, where they do not begin with a hyphen alone. */
  readonly option?: RegExp;
  /** Options that stand for a script: its text, which may hold secrets, is the next argument or comes from elsewhere. */
  readonly inline?: RegExp;
  /** Options whose value is the next argument. */
  readonly valued?: RegExp;
  /** Options whose value, in the same argument or the next, is the script's file. */
  readonly file?: RegExp;
  /** Options whose value, in the same argument or the next, names a module: code that is in no one file. */
  readonly module?: RegExp;
  /** What a script's file is called, where the argument may name a module just as well. */
  readonly fileName?: RegExp;
  /** Options by which other code runs as well or instead: typed in, sent by a debugger, or looked for in another folder. */
  readonly loose?: RegExp;
  /** Options, and values of them, that name no file: with these alone it does not matter in which folder it was started. */
  readonly flags?: RegExp;
}

// All options that are followed by a value must be here: that value would be taken for the script. Where several
// stand in one argument (`-lc`), only letters without a value may come before the one that matters.
const interpreters: readonly Interpreter[] = [
  {
    name: /^(bash|rbash|dash|sh|zsh|ksh|fish)$/,
    option: /^[-+]/,
    inline: /^([-+][A-Za-z]*[cCs]|--command|--init-command)/,
    valued: /^([-+][A-Za-z]*[oO]|--rcfile|--init-file|--emulate)$/,
    flags: /^[-+]?[A-Za-z]+$/,
  },
  {
    name: /^(python|pypy)$/,
    inline: /^-[^-WXmc]*c/,
    valued: /^(-[^-WXmc]*[WX]|--check-hash-based-pycs)$/,
    module: /^-[^-WXmc]*m(.*)$/,
    loose: /^-[^-WXmc]*i/,
    flags: /^-[bBdEIOPqRsSuvx]+$/,
  },
  {
    name: /^(node|nodejs)$/,
    inline: /^(-e|-p|-pe|--eval|--print|--run)(=|$)/,
    valued:
      /^(-r|-C|--(require|import|(experimental-)?loader|conditions|env-file(-if-exists)?|title|input-type|(inspect|debug)-port|watch-path|(diagnostic|report|icu-data|(cpu|heap)-prof)-dir|(cpu|heap)-prof-(name|interval)|report-(filename|signal)|openssl-config|redirect-warnings|disable-(proto|warning)|unhandled-rejections|dns-result-order|max-http-header-size|tls-(cipher-list|keylog)|trace-event-(categories|file-pattern)|test-(concurrency|name-pattern|reporter|reporter-destination|shard|timeout)))$/,
    loose: /^(-i$|--interactive$|--inspect|--debug)/,
    flags: /^--(no-[a-z-]+|enable-source-maps|trace-(warnings|deprecation|uncaught)|max-old-space-size=\d+)$/,
  },
  {
    name: /^ruby$/,
    inline: /^-[acdhlnpSsvwy]*e/,
    valued: /^(-[rICE]|--(enable|disable|encoding|(external|internal)-encoding|backtrace-limit))$/,
    loose: /^-[acdhlnpsvwy]*[CSXx]/,
    flags: /^-[wW]+$/,
  },
  {
    name: /^perl$/,
    inline: /^-[acCdDfIiLlnopsStTuUwWX0-9]*[eE]/,
    valued: /^-I$/,
    loose: /^-[acflnpstTuUwWX0-9]*[dSx]/,
    flags: /^-[tTwW]+$/,
  },
  {
    name: /^php$/,
    inline: /^(-[rRBEa]|--(run|process-begin|process-code|process-end|interactive)(=|$))/,
    valued: /^(-[cdSTtz]|--(php-ini|define|server|docroot|zend-extension))$/,
    file: /^(?:-f|--file=?)(.*)$/,
    flags: /^(-f|--file)$/,
  },
  { name: /^(lua|luajit)$/, inline: /^-e/, valued: /^-l$/, loose: /^-i/ },
  {
    name: /^java$/,
    // It reads more arguments from a file named after an at sign.
    option: /^[-@]/,
    valued:
      /^(-cp|-classpath|-p|-d|--(class-path|module-path|upgrade-module-path|add-modules|add-exports|add-opens|add-reads|limit-modules|patch-module|enable-native-access|source|describe-module))$/,
    file: /^-jar$/,
    module: /^(?:-m|--module(?=$|=)=?)(.*)$/,
    // The launcher takes any other name for a class, which it looks for in the class path: JEP 330.
    fileName: /\.java$/,
    loose: /^@/,
    flags: /^(-jar|-X(ms|mx|ss)\w+)$/,
  },
];

/**
 * Other executables that do what their arguments or their input say, whatever that is: interpreters of which no script
 * is looked for here, loaders, many commands in one, and what only carries other programs' requests.
 */
const generalPrograms = [
  // Loaders of other executables: glibc's and musl's are shared objects.
  /\.so(\.\d+)*$/,
  /^(ld|qemu|wine)([-.]|\d|$)/,
  /^(busybox|toybox)$/,
  /^(ash|csh|tcsh|mksh|yash|posh|elvish|nu|xonsh|pwsh|powershell|cmd|wscript|cscript|mshta|osascript)$/,
  /^(awk|gawk|mawk|nawk|original-awk|tclsh|wish|expect|deno|bun|r|rscript|julia|octave|octave-cli|qjs|d8|gjs)$/,
  /^(dotnet|mono|mono-sgen|electron|beam|beam\.smp|erl|guile|racket|sbcl|clisp|ecl|ocaml|ocamlrun|runghc|ghc|swipl)$/,
  /^(emacs|vim|nvim|vi|gdb|lldb|sqlite)([-.]\w+)?$/,
  /^(curl|wget|aria2c|nc|ncat|netcat|nc\.(openbsd|traditional)|socat|telnet|openssl|ssh|http|xh)$/,
];

/** The interpreter that an executable is, if it is one. */
export function interpreterOf(executable: string): Interpreter | undefined {
  const name = plainName(executable);
  return interpreters.find((interpreter) => interpreter.name.test(name));
}

/** Whether a program is none that its executable could tell: that runs, or passes on, whatever it is given. */
export function isGeneral(executable: string): boolean {
  const name = fileName(executable).toLowerCase();
  return generalPrograms.some((general) => general.test(name) || general.test(plainName(executable)));
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
  const script = interpreter && scriptOf(interpreter, commandLine);
  return shownName(fileName(script?.name ?? '')) || shownName(fileName(path));
}

/** What an interpreter runs. */
export interface Script {
  /** Its path as it was given, or the name of a module. */
  readonly name: string;
  /** Whether it is a file whose code is all that the arguments make the interpreter run. */
  readonly isFile: boolean;
  /** All that stands between the interpreter's name and the script's. It may hold secrets. */
  readonly options: readonly string[];
}

/**
 * The script that an interpreter runs, by its arguments; undefined where there is none: its code is an argument, or
 * comes from the standard input.
 * @param commandLine what it was started with, its own name first
 */
export function scriptOf(interpreter: Interpreter, commandLine: readonly string[]): Script | undefined {
  const { option = /^-/, inline, valued, file, module, fileName: expected = /./, loose } = interpreter;
  let isLoose = false;
  /** The script that is the argument at `place`, or stands `attached` to the one before. */
  const scriptAt = (place: number, isFile: boolean, attached = ''): Script | undefined => {
    const name = attached || commandLine[place];
    return name ? { name, isFile: isFile && !isLoose, options: commandLine.slice(1, place) } : undefined;
  };
  for (let index = 1; index < commandLine.length; index++) {
    const argument = commandLine[index] ?? '';
    const asFile = file?.exec(argument);
    if (asFile) return scriptAt(index + 1, true, asFile[1]);
    const asModule = module?.exec(argument);
    if (asModule) return scriptAt(index + 1, false, asModule[1]);
    // A hyphen alone is the standard input, two are the end of the options.
    if (argument === '-' || inline?.test(argument)) return undefined;
    if (argument === '--') return scriptAt(index + 1, expected.test(commandLine[index + 1] ?? ''));
    if (!option.test(argument)) return scriptAt(index, expected.test(argument));
    isLoose ||= loose?.test(argument) ?? false;
    if (valued?.test(argument)) index += 1;
  }
  return undefined;
}

/** A program's name as a person may see it: of one line, in its own order, not long. */
export function shownName(name: string): string {
  return shownText(name, 64);
}

/** A text that a program chose, as a person may see it: of one line, in its own order, at most `longest` characters long. */
export function shownText(text: string, longest: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  return Array.from(plain).slice(0, longest).join('');
}

/** The last part of a path of this or another system's. */
export function fileName(path: string): string {
  const isWindowsPath = /^([A-Za-z]:|\\)/.test(path);
  return path.replace(isWindowsPath ? /^.*[\\/]/s : /^.*\//s, '');
}

/** An executable's name in small letters, without what tells one build of it from another. */
function plainName(executable: string): string {
  return fileName(executable)
    .toLowerCase()
    .replace(/\.exe$/, '')
    .replace(/[-_]?(\d[\w.+-]*|static|dbg|debug)$/, '');
}
