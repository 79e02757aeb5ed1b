#!/usr/bin/env bash
# Installs what `make test` needs beyond what `make build` needs, and what makes the program faster. This is the one list of it.
# Installs through apt as root or with a sudo that asks no password; otherwise names the packages and fails.
set -euo pipefail

# A command or a file that tells that the package is there : the Debian package.
needs=(
  "chromium chromium-browser google-chrome:chromium" # the browser test
  "fc-list:fontconfig"                               # lays out the page's text in it
  "/usr/share/wordnet/index.noun:wordnet-base"       # the dictionary of tags describe
)

# libjpeg-turbo decodes large JPEGs several times as fast; everything works without it.
wants=()
if ! pkg-config --exists 'libturbojpeg >= 2.1' 2>/dev/null; then wants=(pkg-config libturbojpeg0-dev); fi

missing=()
for need in "${needs[@]}"; do
  found=""
  for command in ${need%%:*}; do
    if [[ -e $command ]] || command -v "$command" >/dev/null; then found=yes; fi
  done
  if [[ -z $found ]]; then missing+=("${need##*:}"); fi
done
if ((${#missing[@]} + ${#wants[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  if ((${#wants[@]} > 0)); then echo "make setup: large JPEGs are decoded faster with the packages ${wants[*]}" >&2; fi
  if ((${#missing[@]} == 0)); then exit 0; fi
  echo "make setup: the tests need these packages, and apt may not be used to install them: ${missing[*]}" >&2
  echo "make setup: install them and run make again" >&2
  exit 1
fi
echo "make setup: installing ${missing[*]} ${wants[*]}" >&2
"${as_root[@]}" apt-get update -qq
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
if ((${#missing[@]} > 0)); then "${install[@]}" "${missing[@]}" >&2; fi
if ((${#wants[@]} > 0)); then "${install[@]}" "${wants[@]}" >&2 || echo "make setup: going on without ${wants[*]}" >&2; fi
