#!/bin/sh
# steps.sh WHAT SECONDS: says what it does, once a second.
step=1
while [ "$step" -le "$2" ]; do
  echo "$1, step $step of $2"
  sleep 1
  step=$((step + 1))
done
echo "done"
