#!/usr/bin/env bash
# Checks the workspace once and tells everybody: the log, the annotations, the summary of the job, code scanning and
# the steps that follow. Whatever comes from inputs or from the scanned tree is data, and never a command.
set -euo pipefail

fail() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '::error title=dbfence::%s\n' "$text"
    exit 2
}

one_of() {
    local name=$1 value=$2 choice
    shift 2
    for choice in "$@"; do
        if [ "$value" = "$choice" ]; then
            return
        fi
    done
    fail "the input \`$name\` is \`$value\`, which is none of: $*"
}

one_line() {
    case $2 in
        *$'\n'* | *$'\r'*) fail "the input \`$1\` has more than one line" ;;
    esac
}

# The number at a key of the summary. The summary comes before the findings, whose texts have their quotes escaped.
count() {
    sed -n '/^ *"'"$1"'": [0-9]*,*$/{s/[^0-9]//g;p;q;}' "$reports/report.json"
}

one_of fail-on "$FAIL_ON" error warning never
one_of annotations "$ANNOTATIONS" true false
one_of upload-sarif "$UPLOAD_SARIF" true false
one_line root "$ROOT"
one_line since "$SINCE"
one_line config "$CONFIG"
one_line sarif-file "$SARIF_FILE"

reports=$(mktemp -d "$RUNNER_TEMP/dbfence-reports.XXXXXX")
readonly reports
readonly sarif=${SARIF_FILE:-$reports/dbfence.sarif}
if ! mkdir -p -- "$(dirname -- "$sarif")" 2>"$reports/messages.txt"; then
    fail "the folder of the SARIF file cannot be made: $(cat "$reports/messages.txt")"
fi

arguments=(
    check
    --color=never
    "--fail-on=$FAIL_ON"
    --format=github
    "--format=pretty=$reports/report.txt"
    "--format=markdown=$reports/summary.md"
    "--format=json=$reports/report.json"
    "--format=code-scanning=$sarif"
)
[ -z "$ROOT" ] || arguments+=("--root=$ROOT")
[ -z "$SINCE" ] || arguments+=("--since=$SINCE")
[ -z "$CONFIG" ] || arguments+=("--config=$CONFIG")
arguments+=(--)
while IFS= read -r path; do
    path=${path%$'\r'}
    [ -z "$path" ] || arguments+=("$path")
done <<<"$PATHS"

status=0
"$PROGRAM" "${arguments[@]}" >"$reports/annotations.txt" 2>"$reports/messages.txt" || status=$?
if [ "$status" != 0 ] && [ "$status" != 1 ]; then
    fail "the workspace was not checked (exit code $status)
$(cat "$reports/messages.txt")"
fi

# Until the token comes again the runner takes no line for a command, whatever the scanned files put into it.
token=dbfence-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
cat "$reports/messages.txt" "$reports/report.txt"
printf '\n::%s::\n' "$token"

if [ "$ANNOTATIONS" = true ]; then
    cat "$reports/annotations.txt"
fi
cat "$reports/summary.md" >>"$GITHUB_STEP_SUMMARY"
{
    echo "errors=$(count errors)"
    echo "warnings=$(count warnings)"
    echo "sarif=$sarif"
} >>"$GITHUB_OUTPUT"
exit "$status"
