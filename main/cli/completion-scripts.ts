/**
 * What shells run to complete `latchkey`. Each asks the command itself, see `candidates.ts`: a colon and the word that is
 * typed, then the words before it.
 */

/**
 * Bash 3.2 (macOS) and later. It cuts words at some characters that names may have (COMP_WORDBREAKS), so the line is
 * cut anew, and of each candidate only what replaces bash's own word, the second argument, is given.
 */
const bash = `# bash completion of latchkey
_latchkey() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() word cut candidate
  read -ra words <<< "$line"
  [[ $line == *[[:blank:]] ]] && words+=('')
  word="\${words[\${#words[@]}-1]}"
  cut="\${word%"$2"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    case $candidate in
      :files) compopt -o default 2>/dev/null ;;
      :folders) compopt -o dirnames 2>/dev/null ;;
      :command)
        while read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -c -- "$word")
        ;;
      *) COMPREPLY+=("\${candidate#"$cut"}") ;;
    esac
  done < <(latchkey __complete ":$word" "\${words[@]:1:\${#words[@]}-2}" 2>/dev/null)
}
complete -F _latchkey latchkey
`;

const zsh = `#compdef latchkey
_latchkey() {
  local -a lines candidates
  local line
  lines=("\${(@f)$(latchkey __complete ":\${(Q)PREFIX}" "\${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
  case $lines[1] in
    :files) _files; return ;;
    :folders) _files -/; return ;;
    :command) _command_names -e; return ;;
  esac
  for line in $lines; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#candidates )) && _describe -t latchkey 'latchkey' candidates
}
if [[ $funcstack[1] == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`;

const fish = `# fish completion of latchkey
function __latchkey_complete
    set -l word (commandline -ct)
    set -l before (commandline -opc)[2..-1]
    for line in (latchkey __complete ":$word" $before 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path $word
            case :folders
                __fish_complete_directories $word
            case :command
                complete -C "$word"
            case '*'
                echo $line
        end
    end
end
complete -c latchkey -f -a '(__latchkey_complete)'
`;

/** Where nothing is given PowerShell completes files by itself. */
const powershell = `# PowerShell completion of latchkey
Register-ArgumentCompleter -Native -CommandName latchkey -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    latchkey __complete ":$wordToComplete" @before 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
        $word, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $description)
    }
}
`;

/** The scripts, by their shells. */
export const completionScripts = { bash, zsh, fish, powershell } as const;
