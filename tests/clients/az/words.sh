# What the scripts that run az share: to be sourced after `../sandbox.sh`. Needs AZ, the program, and `scratch`.

export AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_ONLY_SHOW_ERRORS=yes AZURE_CORE_OUTPUT=tsv
hub_application=89d10474-74af-4874-99a7-c23c2f643083

az() { "$AZ" "$@"; }
fail() { echo "az: $*" >&2; exit 1; }
# `same WHAT WANTED GOT`
same() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; }
# `refused PATTERN az ...`: the command fails, and says so.
refused() {
  local pattern=$1 told
  shift
  if told=$("$@" 2>&1); then fail "not refused: $*"; fi
  case $told in *$pattern*) ;; *) fail "refused otherwise: $* : $told" ;; esac
}
# Repeats what is refused while something has not got around yet: az itself waits for nothing.
patiently() {
  local pattern=$1 told
  shift
  for _ in $(seq 20); do
    if told=$("$@" 2>&1); then printf '%s' "$told"; return 0; fi
    case $told in *$pattern*) sleep 0.5 ;; *) fail "$* : $told" ;; esac
  done
  fail "refused for too long: $* : $told"
}

# A folder of settings that nobody has signed in to.
fresh_settings() {
  export AZURE_CONFIG_DIR=$scratch/az AZURE_EXTENSION_DIR=$scratch/az-extensions
  rm -rf "$AZURE_CONFIG_DIR"
}
# `sign_in secret|identity|device`; sets `subscription`.
sign_in() {
  case $1 in
    secret)
      az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" >/dev/null ;;
    identity) az login --identity >/dev/null ;;
    device) az login --use-device-code >/dev/null 2>&1 ;;
  esac
  subscription=$(az account show --query id)
}
