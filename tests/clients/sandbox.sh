# Starts and ends a sandbox for clients of other makers. To be sourced: `start WORLD [SPEED]`, or `start_without_proxy WORLD`,
# then `stop`.
# Needs HUBUP, the program; RECORD may name a file for what is said. All else that it makes lies in a folder that goes with the shell.

scratch=$(mktemp -d)
server=

stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}
trap 'stop; rm -rf "$scratch"' EXIT

start() {
  serve "$1" "${2:-0}" --proxy '^export NO_PROXY='
}

# https under the server's own address alone; sets `address`.
start_without_proxy() {
  unset HTTPS_PROXY NO_PROXY
  serve "$1" 0 --tls '^export SSL_CERT_FILE='
  address=$(sed -n 's/^\(https:[^ ]*\) answers too.*/\1/p' "$scratch/how")
}

# `serve WORLD SPEED OPTION LAST_LINE`
serve() {
  stop
  # What the last one printed would be taken for this one's.
  rm -rf "$scratch/state" "$scratch/how"
  "$HUBUP" --state-folder "$scratch/state" --sandbox-world "$1" --sandbox-speed "$2" \
    sandbox serve "$3" ${RECORD:+--record "$RECORD"} > "$scratch/how" &
  server=$!
  # It prints how to reach it once it listens.
  for _ in $(seq 300); do
    if grep -qs "$4" "$scratch/how"; then break; fi
    kill -0 "$server" || return 1
    sleep 0.1
  done
  # What it prints to export is all that a client needs; the identity endpoint is told as the other choice.
  eval "$(grep '^export ' "$scratch/how")"
  eval "$(sed -n 's/^# export /export /p' "$scratch/how")"
}
