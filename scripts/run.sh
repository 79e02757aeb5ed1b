#!/usr/bin/env bash
# Indexes a folder of images and serves the search page: run.sh [FOLDER], by default the sample gallery.
# The index lies in .sightline/ of the checkout, one for each folder, so the user's own index is left alone.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
images=${1:-$root/gallery}
images=${images/#\~\//$HOME/} # the shell leaves the ~ of IMAGES=~/pictures alone
if [[ ! -e $images ]]; then
  echo "make run: there is no $images; name a folder with images: make run IMAGES=folder" >&2
  exit 1
fi
images=$(cd "$(dirname "$images")" && pwd)/$(basename "$images")
data=$root/.sightline/$(basename "$images")-$(printf %s "$images" | cksum | cut -d' ' -f1)

# The port comes first: that it is taken is known before minutes go into indexing.
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port=${PORT:-8080}
while taken "$port"; do
  if [[ -n ${PORT:-} ]]; then
    echo "make run: port $port is taken; choose another: make run PORT=8081" >&2
    exit 1
  fi
  port=$((port + 1))
done
url=http://127.0.0.1:$port/

# 3: some files could not be read. They are listed; the others can be searched.
"$root/bin/sightline" index --data "$data" "$images" || (($? == 3))

# Opens the page once the server answers, where there is a desktop to open it on.
open_page() {
  local opener
  opener=$(command -v xdg-open || command -v open) || return 0
  if [[ -z ${DISPLAY:-}${WAYLAND_DISPLAY:-} && $(uname) != Darwin ]]; then return 0; fi
  for _ in {1..100}; do
    if taken "$port"; then
      "$opener" "$url" >/dev/null 2>&1 || true
      return 0
    fi
    sleep 0.1
  done
}

echo "make run: search your images at $url (Ctrl-C stops)" >&2
open_page &
exec "$root/bin/sightline" serve --data "$data" --listen "127.0.0.1:$port"
