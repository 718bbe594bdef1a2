#!/bin/sh
# flaky.sh TIMES: fails so often, counting in the run's folder, then passes.
count=$(cat "$WORK/flaky.count" 2>/dev/null || echo 0)
echo "attempt $((count + 1))"
sleep 1
if [ "$count" -lt "$1" ]; then
  echo $((count + 1)) >"$WORK/flaky.count"
  echo "the other side did not answer" >&2
  exit 1
fi
echo "this time it worked"
